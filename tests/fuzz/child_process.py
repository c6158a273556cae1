"""A process that works on folders: it gets a line each, answers with lines, the last of them "done".

A process of its own because what it runs may crash or hang.
"""

import os
import select
import signal
import subprocess


class Child:
    def __init__(self, command, log):
        self.command, self.log, self.process = command, log, None

    def start(self):
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
        self.buffer = b""

    def begin(self, line):
        if self.process is None:
            self.start()
        try:
            self.process.stdin.write(line.encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # finish() says how it ended

    def finish(self, seconds):
        """The answer's lines without "done"; or the single line "crash ..." or "hang ..."."""
        lines = []
        while True:
            while b"\n" in self.buffer:
                line, self.buffer = self.buffer.split(b"\n", 1)
                if line == b"done":
                    return lines
                lines.append(line.decode(errors="replace"))
            ready, _, _ = select.select([self.process.stdout], [], [], seconds)
            if not ready:
                self.stop()
                return [f"hang no answer in {seconds} s"]
            read = os.read(self.process.stdout.fileno(), 65536)
            if not read:
                code = self.process.wait()
                self.process = None
                how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
                with open(self.log, errors="replace") as log:
                    said = " ".join(log.read().split())[-300:]
                return [f"crash {how} {said}"]
            self.buffer += read

    def ask(self, line, seconds):
        self.begin(line)
        return self.finish(seconds)

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

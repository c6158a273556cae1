"""Bad inputs, meshes, packages, files and options, and a full disk: each gives its message and exit code."""

import json
import time
import unittest
import warnings
import zipfile

import jobs
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

BERT = jobs.MODELS / "bert/model.onnx"
MLP = jobs.MODELS / "mlp/model.onnx"


class Case(jobs.ToolTest):
    def file(self, name, content):
        path = self.folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path


class Inputs(Case):
    def test_wrong_name(self):
        self.expect(jobs.INVALID, BERT, "--input", "ids=1x4", words=["ids", "input_ids", "attention_mask"])

    def test_wrong_type(self):
        np.save(self.folder / "ids.npy", np.zeros((1, 4), np.float32))
        self.expect(jobs.INVALID, BERT, "--input", f"input_ids=@{self.folder}/ids.npy", words=["input_ids", "f32", "i64"])
        self.expect(jobs.INVALID, BERT, "--input", "input_ids=1x4xf32", words=["input_ids", "f32", "i64"])

    def test_wrong_shape(self):
        self.expect(jobs.INVALID, BERT, "--input", "input_ids=4", words=["input_ids", "2", "dims"])
        self.expect(jobs.INVALID, BERT, "--input", "input_ids=2x4", "--input", "attention_mask=2x5", words=["seq"])
        # The model has 32 positions.
        self.expect(jobs.INVALID, BERT, "--input", "input_ids=1x33", words=["at most 32", "seq", "33"])
        self.expect(jobs.INVALID, BERT, "--input", "input_ids=4", ranks=2, words=["input_ids"])

    def test_too_large(self):
        self.expect(jobs.INVALID, MLP, "--input", "x=99999999999x99999999999xf32", words=["x"])

    def test_bad_descriptions(self):
        for text in ("input_ids", "input_ids=1x-4", "input_ids=1x4=many", "input_ids=1xx4", "input_ids=99999999999999999999x4"):
            self.expect(jobs.USAGE, BERT, "--input", text)

    def test_an_input_that_is_given_twice(self):
        twice = ["--input", "input_ids=1x4", "--input", "attention_mask=1x4"]
        self.expect(jobs.DONE, BERT, *twice)
        for ranks in (None, 2):
            self.expect(jobs.USAGE, BERT, *twice, "--input", "input_ids=2x4", ranks=ranks, words=["--input", "'input_ids' is given more than once"])

    def test_dims_that_are_given_twice(self):
        words = ["--dim", "'batch' is given more than once"]
        self.expect(jobs.USAGE, MLP, "--dim", "batch=2", "--dim", "batch=3", words=words)
        self.expect(jobs.USAGE, MLP, "-o", self.folder / "p", "--dim", "batch=2", "--dim", "batch=2", tool="mlc-compile", words=words)
        self.expect(jobs.USAGE, MLP, "--config", self.file("dims.toml", 'dim = ["batch=2", "batch=3"]\n'), words=words)
        self.expect(jobs.DONE, MLP, "--config", self.file("dim.toml", 'dim = ["batch=2"]\n'), "--dim", "batch=3")
        package = self.folder / "mlp.mlcpkg"
        self.expect(jobs.DONE, MLP, "-o", package, tool="mlc-compile")
        self.expect(jobs.USAGE, package, "--dim", "batch=2", "--dim", "batch=3", words=words)

    def test_bad_files(self):
        self.expect(jobs.INVALID, BERT, "--input", f"input_ids=@{self.folder}/absent.npy", words=["absent.npy"])
        self.expect(jobs.INVALID, BERT, "--input", f"input_ids=@{self.folder}/absent.pb", words=["absent.pb"])
        self.expect(jobs.USAGE, BERT, "--input", f"input_ids=@{self.folder}/ids.txt", words=["ids.txt"])
        for name in ("bad.npy", "bad.pb", "bad.npz:ids"):
            self.file(name.split(":")[0], "this is no tensor")
            self.expect(jobs.INVALID, BERT, "--input", f"input_ids=@{self.folder}/{name}", words=["bad."])
        self.expect(jobs.USAGE, BERT, "--inputs", self.folder, words=["input_0.pb"])

    def test_small_files_of_large_tensors(self):
        def header(descr, shape):
            text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".encode()
            text += b" " * (64 - (11 + len(text)) % 64) + b"\n"
            return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text

        def deflated(name, shape, megabytes):
            with zipfile.ZipFile(self.folder / name, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                with archive.open("x.npy", "w", force_zip64=True) as member:
                    member.write(header("<i8", shape))
                    for _ in range(megabytes):
                        member.write(bytes(1_000_000))
            return ["--input", f"input_ids=@{self.folder}/{name}"]

        (self.folder / "strings.npy").write_bytes(header("<U0", "(1099511627776,)"))
        self.expect(jobs.INVALID, BERT, "--input", f"input_ids=@{self.folder}/strings.npy", words=["no characters"])
        limited = ["prlimit", f"--as={2 << 30}"]
        self.expect(jobs.MEMORY, BERT, *deflated("zeros.npz", "(250000000,)", 2000), before=limited, words=["does not fit in memory"])
        self.expect(jobs.UNSUPPORTED, BERT, *deflated("large.npz", "(375000000,)", 3000), before=limited, words=["2 GB or more: give it as .npy"])
        # By its header it is small: no more than that is read, and what else there is is damage.
        more = deflated("more.npz", "(1, 4)", 3000)
        begin = time.monotonic()
        self.expect(jobs.INVALID, BERT, *more, before=limited, words=["more.npz: 'x' is damaged", "the 160 bytes that its header says"])
        self.assertLess(time.monotonic() - begin, 5)
        for claimed, given in (((1, 4), 5), ((1, 4), 3), ((1, 9000), 9001), ((1, 9000), 8999)):
            with zipfile.ZipFile(self.folder / "other.npz", "w") as archive:
                archive.writestr("x.npy", header("<i8", str(claimed)) + bytes(8 * given))
            self.expect(jobs.INVALID, BERT, "--input", f"input_ids=@{self.folder}/other.npz", words=["that its header says"])

    def test_an_archive_of_two_arrays_of_one_name(self):
        with zipfile.ZipFile(self.folder / "twins.npz", "w") as archive:
            for value in (1, 2):
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # of the name
                    with archive.open("ids.npy", "w") as member:
                        np.save(member, np.full((1, 4), value))
        for name in ("twins.npz", "twins.npz:ids"):
            self.expect(jobs.INVALID, BERT, "--input", f"input_ids=@{self.folder}/{name}", words=["twins.npz has more than one array 'ids'"])

    def test_ids_outside_of_the_vocabulary(self):
        for index in (100000000000, -100000000000):
            for mesh in ("tp=1", "tp=2", "pp=2"):
                self.expect(jobs.INVALID, BERT, "--input", f"input_ids=1x4xi64={index}", "--mesh", mesh,
                            words=["word_embeddings", "an index is outside of a dim of size"])


    def test_integer_division(self):
        names = ("x", "y")
        infos = [helper.make_tensor_value_info(name, TensorProto.INT64, ["n"]) for name in (*names, "quotient", "rest")]
        nodes = [helper.make_node("Div", names, ["quotient"], name="divide"), helper.make_node("Mod", names, ["rest"], name="take_rest")]
        graph = helper.make_graph(nodes, "division", infos[:2], infos[2:])
        model = self.folder / "division.onnx"
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), model)
        least = np.iinfo(np.int64).min

        def inputs(x, y):
            jobs.write_tensor(self.folder / "input_0.pb", "x", np.array(x, np.int64))
            jobs.write_tensor(self.folder / "input_1.pb", "y", np.array(y, np.int64))

        inputs([7, -7, 7, -7, least], [2, 2, -2, -2, -1])
        jobs.write_tensor(self.folder / "output_0.pb", "quotient", np.array([3, -3, -3, 3, least]))
        jobs.write_tensor(self.folder / "output_1.pb", "rest", np.array([1, 1, -1, -1, 0]))
        self.expect(jobs.DONE, model, "--inputs", self.folder, "--expect", self.folder)
        inputs([7, 8, 9], [2, 0, 1])
        self.expect(jobs.INVALID, model, "--inputs", self.folder, words=["node 'divide'", "divides an integer by zero"])


class Ranks(Case):
    def test_impossible_meshes(self):
        for mesh in ("tp=0", "tp=-2", "tp=two", "tp", "xp=2", "tp=2,,", "tp=99999999999"):
            self.expect(jobs.USAGE, BERT, "--mesh", mesh)
        for mesh in ("tp=2,tp=1", "tp=2,pp=1,tp=2"):
            self.expect(jobs.USAGE, BERT, "--mesh", mesh, words=["--mesh", "'tp' more than once"])

    def test_too_few_ranks(self):
        self.expect(jobs.USAGE, BERT, "--mesh", "tp=4", ranks=2, words=["tp=4", "4 ranks", "2", "mpirun -np 4"])
        package = self.folder / "two.mlcpkg"
        self.expect(jobs.DONE, BERT, "--mesh", "tp=2", "-o", package, tool="mlc-compile")
        self.expect(jobs.USAGE, package, ranks=1, words=["2 ranks", "mpirun -np 2"])
        self.expect(jobs.DONE, package, ranks=3)

    def test_what_a_package_has_decided(self):
        package = self.folder / "one.mlcpkg"
        self.expect(jobs.DONE, MLP, "-o", package, tool="mlc-compile")
        plan = self.folder / "plan.json"
        for option in (["--mesh", "tp=4"], ["--microbatches", 7], ["--keep-states"], ["--plan", plan], ["--devices", plan],
                       ["--dump-after", "plan"], ["--verify"]):
            self.expect(jobs.USAGE, package, *option, words=[option[0]])
        self.expect(jobs.USAGE, package, environment={"MLC_MESH": "tp=2"}, ranks=2, words=["--mesh"])
        self.expect(jobs.DONE, package, "--dim", "batch=3", "--threads", 1)
        self.expect(jobs.USAGE, package, "--dim", "batches=3", words=["one.mlcpkg has no dim named 'batches'"])

    def test_names_that_are_empty(self):
        # As of a variable that a script has not set.
        package = self.folder / "one.mlcpkg"
        self.expect(jobs.DONE, MLP, "-o", package, tool="mlc-compile")
        for option in ("--trust", "--expect", "--json", "--outputs", "--trace", "--plan", "--devices", "--inputs", "--config"):
            self.expect(jobs.USAGE, package, option, "", words=[option, "must not be empty"])
        self.expect(jobs.USAGE, "", "-o", package, tool="mlc-compile", words=["model", "must not be empty"])
        self.expect(jobs.USAGE, MLP, "-o", "", tool="mlc-compile", words=["--output", "must not be empty"])
        self.expect(jobs.INVALID, "--info", self.folder / "absent", words=["absent"])

    def test_numbers_that_are_none(self):
        for option in ("--duration", "--stall-timeout", "--rtol", "--atol"):
            for number in ("nan", "inf", "-1", "1e300", "x"):
                self.expect(jobs.USAGE, MLP, option, number, words=[option], once=False)
        self.expect(jobs.USAGE, MLP, "--stall-timeout", "1e-7", words=["from 0.1 to 1e+06, or 0"])

    def test_what_a_plan_has_decided(self):
        self.expect(jobs.DONE, BERT, "--mesh", "tp=2", "--dump-after", "plan", "--dump-dir", self.folder)
        plan = self.folder / "plan.json"
        output = ["-o", self.folder / "p.mlcpkg"]
        for option in (["--mesh", "tp=2"], ["--microbatches", 2]):
            self.expect(jobs.USAGE, BERT, "--plan", plan, *option, words=["--plan", option[0]])
            self.expect(jobs.USAGE, BERT, "--plan", plan, *option, *output, tool="mlc-compile", words=["--plan", option[0]])
        # The command line beats the environment, which beats the file.
        self.expect(jobs.DONE, BERT, "--plan", plan, environment={"MLC_MESH": "dp=2"})
        self.expect(jobs.DONE, BERT, "--plan", plan, "--config", self.file("mesh.toml", 'mesh = "dp=2"\nmicrobatches = 2\n'))
        config = ["--config", self.file("plan.toml", f'plan = "{plan}"\n')]
        for options in ({"environment": {"MLC_MESH": "tp=2,pp=2"}}, {"arguments": ["--mesh", "tp=2,pp=2"]}):
            report = jobs.report(BERT, *config, *options.pop("arguments", []), **options)
            self.assertEqual(report["plan"]["mesh"], {"dp": 1, "pp": 2, "tp": 2})
        self.assertEqual(jobs.report(BERT, *config)["plan"]["mesh"], {"dp": 1, "pp": 1, "tp": 2})
        self.expect(jobs.USAGE, BERT, "--config", self.file("both.toml", f'plan = "{plan}"\nmesh = "tp=2"\n'), words=["--plan", "--mesh"])
        self.expect(jobs.DONE, BERT, "--iterations", 1, "--config", self.file("duration.toml", "duration = 50\n"))
        self.expect(jobs.USAGE, BERT, "--plan", plan, "--ranks", 2, *output, tool="mlc-compile", words=["--plan", "--ranks"])
        devices = jobs.equal_devices(self.folder, 2)
        self.expect(jobs.USAGE, BERT, "--devices", devices, "--ranks", 3, *output, tool="mlc-compile", words=["--ranks 3", "2 devices"])
        self.expect(jobs.DONE, BERT, "--devices", devices, "--ranks", 1, *output, tool="mlc-compile")

    def test_more_devices_than_a_mesh_can_have(self):
        self.expect(jobs.USAGE, BERT, "--mesh", "tp=1000,pp=1000,dp=1000", ranks=2)
        for mesh in ("dp=65536,tp=65536", "dp=1000000", "tp=100000", "dp=1024,pp=1024,tp=1024", "dp=33,tp=32", "tp=99999999999999999999"):
            self.expect(jobs.USAGE, MLP, "--mesh", mesh, words=["--mesh"])
            self.expect(jobs.USAGE, MLP, "-o", self.folder / "p", "--mesh", mesh, tool="mlc-compile", words=["--mesh"])

    def test_large_numbers(self):
        # Within what an int holds, and beyond.
        for number in (2**31 - 1, 2**63 - 1, 10**30, 10**7):
            for option in ("--threads", "--warmup", "--iterations", "--microbatches"):
                self.expect(jobs.USAGE, MLP, option, number, words=[option])
            self.expect(jobs.USAGE, MLP, "-o", self.folder / "p", "--ranks", number, tool="mlc-compile", words=["--ranks"])
        self.expect(jobs.USAGE, MLP, "--mesh", "tp=100", "--threads", 1000, words=["--threads"])
        self.expect(jobs.USAGE, MLP, "--mesh", "tp=1000", words=["mpirun"])
        self.expect(jobs.USAGE, MLP, "-o", self.folder / "p", "--ranks", 1000, tool="mlc-compile", words=["--devices"])
        for number in (2**63 - 1, 2**62, 10**12):
            result = jobs.mlc_run(BERT, "--dim", f"batch={number}")
            self.assertIn(result.code, (jobs.USAGE, jobs.INVALID, jobs.MEMORY), result.err)

    def test_many_ranks(self):
        self.expect(jobs.DONE, MLP, "--mesh", "dp=128", "--threads", 1)
        devices = jobs.equal_devices(self.folder, 1024)
        self.expect(jobs.DONE, MLP, "-o", self.folder / "p", "--devices", devices, tool="mlc-compile")


class Devices(Case):
    def test_a_device_that_is_not_there(self):
        none = {"CUDA_VISIBLE_DEVICES": ""}
        self.expect(jobs.FAILED, MLP, "--devices", jobs.equal_devices(self.folder, 1, "cuda"), environment=none, words=["GPU"])
        devices = jobs.equal_devices(self.folder, 2, "cuda")
        self.expect(jobs.FAILED, MLP, "--devices", devices, "--mesh", "tp=2", ranks=2, environment=none, words=["GPU"])

    def test_a_model_that_does_not_fit(self):
        devices = jobs.equal_devices(self.folder, 2, memory_bytes=1000)
        for tool, arguments in (("mlc-run", []), ("mlc-compile", ["-o", self.folder / "mlp.mlcpkg"])):
            self.expect(jobs.MEMORY, MLP, "--devices", devices, *arguments, tool=tool, words=["does not fit"])


class Files(Case):
    def test_devices(self):
        many = {"devices": [{"name": "d", "count": 100000, "kind": "cpu", "peak_flops": {"f32": 1e10}, "memory_bandwidth": 1e10}]}
        slow = {"devices": [{"name": "d", "count": 2, "kind": "cpu", "peak_flops": {"f32": 1e-300}, "memory_bandwidth": 1e-300}]}
        for content in ("", "{", "[]", "{}", {"devices": []}, {"devices": [{"name": 1}]}, {"devices": "two"}, many, slow):
            self.expect(jobs.INVALID, MLP, "--devices", self.file("devices.json", content), words=["devices.json"])
        self.expect(jobs.INVALID, MLP, "--devices", self.folder / "absent.json", words=["absent.json"])

    def test_speeds_that_no_device_has(self):
        for speed in (1e-300, 1e300):
            self.expect(jobs.INVALID, MLP, "--devices", jobs.equal_devices(self.folder, 2, memory_bandwidth=speed),
                        words=["devices.json", "memory_bandwidth must be"])

    def test_plans(self):
        for content in ("", "{", "[]", "{}", {"format_version": 2}, {"format_version": 99}):
            self.expect(jobs.INVALID, MLP, "--plan", self.file("plan.json", content), words=["plan"])
        self.expect(jobs.DONE, BERT, "--mesh", "tp=2", "--dump-after", "plan", "--dump-dir", self.folder)
        plan = self.folder / "plan.json"
        self.expect(jobs.DONE, BERT, "--plan", plan)
        # Of another model.
        self.expect(jobs.INVALID, MLP, "--plan", plan, words=["plan"])
        good = json.loads(plan.read_text())
        values = (None, [], -1, [-7], 10**18, [[]], "x", {}, [[1, 1, 1, 1]], [[10**9]])
        for index, key in enumerate(good):
            value = values[index % len(values)]
            result = jobs.mlc_run(BERT, "--plan", self.file("changed.json", {**good, key: value}))
            self.assertIn(result.code, (jobs.DONE, jobs.INVALID), f"{key}={value}: {result.err}")
        for words, changes in (
            ("mesh.tp", {"mesh": {**good["mesh"], "tp": 2**32 + 2}}),
            ("dp_shares", {"dp_shares": [0]}),
            ("dp_shares", {"dp_shares": [-1]}),
            ("devices has 7, but there are 2 devices", {"devices": [0, 7]}),
            ("notes is missing", {key: value for key, value in good.items() if key != "notes"}),
            ("nodes is no key", {"nodes": []}),
        ):
            changed = changes if len(changes) > 2 else {**good, **changes}
            self.expect(jobs.INVALID, BERT, "--plan", self.file("changed.json", changed), words=[words])

    def test_plans_that_pass_partial_sums_through_what_is_not_linear(self):
        """A product that is split, and what is behind it passing partial sums on: refused, unless that gives the right results."""
        for operator, is_linear in (("Neg", True), ("Tanh", False)):
            nodes = [helper.make_node("MatMul", ["x", "w"], ["product"]), helper.make_node(operator, ["product"], ["y"])]
            infos = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [4, 4]) for name in ("x", "y")]
            weight = numpy_helper.from_array(np.eye(4, dtype=np.float32) * 2, "w")
            graph = helper.make_graph(nodes, "product", infos[:1], infos[1:], [weight])
            model = self.folder / f"{operator}.onnx"
            onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), model)
            self.expect(jobs.DONE, model, "--mesh", "tp=2", "--dump-after", "plan", "--dump-dir", self.folder)
            plan = json.loads((self.folder / "plan.json").read_text())
            self.assertEqual(len(plan["shardings"][0]["ops"]), 2)
            codes = []
            for factor in range(3):
                plan["shardings"][0]["ops"] = [{"factor": factor, "shares": [1, 1]}, {"factor": -2}]
                codes.append(jobs.mlc_run(model, "--plan", self.file("changed.json", plan), "--verify").code)
            # By its inner dim alone the product has partial sums.
            self.assertEqual(sorted(codes), [jobs.DONE if is_linear else jobs.INVALID, jobs.INVALID, jobs.INVALID], operator)

    def test_options_in_a_file(self):
        self.expect(jobs.DONE, MLP, "--config", self.file("good.toml", 'iterations = 3\nmesh = "tp=2"\n'))
        self.expect(jobs.USAGE, MLP, "--config", self.file("bad.toml", 'iterations = "three"\n'), words=["iterations"], once=False)
        self.expect(jobs.USAGE, MLP, "--config", self.folder / "absent.toml", words=["absent.toml"])
        self.file("mlc.toml", 'mesh = "zp=1"\n')
        self.expect(jobs.USAGE, MLP, directory=self.folder, words=["zp"])

    def test_options(self):
        for arguments in ([], [MLP, "--absent"], [MLP, "--microbatches", "2147483647"], [MLP, MLP], [MLP, "--iterations", "0"], [MLP, "--iterations", "x"], [MLP, "--rtol", "-1"],
                          [MLP, "--threads", "0"], [MLP, "--precision", "int8"], [MLP, "--outputs-format", "txt"], [MLP, "--dim", "batch"],
                          [MLP, "--dim", "batch=0"], [MLP, "--dump-after", "lunch"], [MLP, "--seed", "x"]):
            result = self.expect(jobs.USAGE, *arguments)
            self.assertNotEqual(result.err, "")
        self.expect(jobs.USAGE, MLP, tool="mlc-compile", words=["-o"])
        self.expect(jobs.USAGE, MLP, "-o", self.folder / "p.mlcpkg", "--target", "z80", tool="mlc-compile", words=["z80"])
        self.expect(jobs.USAGE, MLP, "--absent", ranks=2)

    def test_options_without_effect_where_nothing_runs(self):
        package = self.folder / "mlp.mlcpkg"
        self.expect(jobs.DONE, MLP, "-o", package, tool="mlc-compile")
        devices = jobs.equal_devices(self.folder, 2)
        for instead, obeyed in ((["--info", package], ["--json", "-"]), (["--list-devices"], ["--devices", devices, "--json", "-"]),
                                (["--cache", "list"], ["--cache-limit", "1GB"])):
            self.expect(jobs.DONE, *instead, *obeyed)
            for option in (["--microbatches", 2], ["--iterations", 3], ["--outputs", self.folder / "out"], ["--verify"], ["--dim", "batch=2"],
                           ["--trace", self.folder / "t.json"], ["--input", "x=1x2"], ["--seed", 1]):
                self.expect(jobs.USAGE, *instead, *option, words=[f"{instead[0]} runs nothing", option[0]])
            # What is set for runs is none of these' business.
            config = self.file("mlc.toml", 'iterations = 3\nmesh = "tp=2"\nseed = 1\n')
            self.expect(jobs.DONE, *instead, "--config", config, environment={"MLC_MESH": "tp=2", "MLC_THREADS": "1"})
        for arguments in (["--info", package, "--devices", devices], ["--info", package, "--list-devices"], ["--list-devices", MLP],
                          ["--list-devices", "--devices", devices, "--threads", 1], ["--list-devices", "--devices", devices, "--mesh", "tp=2"],
                          ["--info", package, "--mesh", "tp=2"], ["--cache", "list", "--json", "-"], ["--cache", "list", MLP],
                          ["--cache", "clear", "--cache-limit", "1GB"], ["--cache", "list", "--info", package]):
            self.expect(jobs.USAGE, *arguments, words=["runs nothing"])
        self.assertFalse((self.folder / "out").exists())

    def test_one_rank_speaks_where_nothing_runs(self):
        package = self.folder / "mlp.mlcpkg"
        self.expect(jobs.DONE, MLP, "-o", package, tool="mlc-compile")
        for instead in (["--info", package], ["--cache", "list"], ["--list-devices", "--devices", jobs.equal_devices(self.folder, 3)]):
            self.assertEqual(jobs.mlc_run(*instead, ranks=3).out, jobs.mlc_run(*instead).out)
        result = self.expect(jobs.INVALID, "--info", self.folder / "absent", ranks=3)
        self.assertEqual(result.err.count("mlc-run: "), 1, result.err)

    def test_outputs_that_cannot_be_written(self):
        blocked = self.file("file", "")
        self.expect(jobs.INVALID, MLP, "--outputs", blocked / "folder", words=["file/folder"])
        self.expect(jobs.INVALID, MLP, "--json", self.folder / "absent/report.json", words=["report.json"])
        self.expect(jobs.INVALID, MLP, "--outputs", self.folder / "out", before=["prlimit", "--fsize=1000"], words=["File too large"])
        self.assertEqual(list((self.folder / "out").iterdir()), [])
        self.expect(jobs.USAGE, MLP, "--expect", self.folder, words=["output_0.pb"])
        other = self.folder / "kept"
        other.mkdir()
        (other / "mine.txt").write_text("mine")
        self.expect(jobs.USAGE, MLP, "-o", other, tool="mlc-compile", words=["kept"])
        self.assertEqual((other / "mine.txt").read_text(), "mine")


if __name__ == "__main__":
    unittest.main()

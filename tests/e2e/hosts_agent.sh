#!/bin/sh
# hosts_agent.sh ADDRESS COMMAND...: runs a command on one of the hosts of hosts.py, as ssh would; mpirun's remote shell.
keeper=$(cat "$MLC_TEST_HOSTS_FOLDER/$1")
shift
exec nsenter --target "$keeper" --net --uts --ipc --mount -- sh -c "$*"

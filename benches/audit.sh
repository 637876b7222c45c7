#!/bin/sh
# Times `jettison lint` of an image of 500 MB beside `sha256sum` of the same archive. Both are run in turns, so that what
# else the machine does disturbs both alike; medians. `JETTISON_BINARY` names another binary than that of the release.
set -eu
cd "$(dirname "$0")/.."
folder=${1:-target/bench}/audit
runs=${RUNS:-7}

tests/tools.sh podman crun buildah mmdebstrap python3
mkdir -p "$folder"
if [ ! -f "$folder/image.tar" ]; then
    tests/e2e/build.sh benches/large localhost/jettison-bench/large >/dev/null
    tests/e2e/build.sh benches/audit localhost/jettison-bench/audit >/dev/null
    tests/e2e/sandbox.sh podman save --quiet --output "$folder/image.tar" localhost/jettison-bench/audit
fi

python3 - "$folder/image.tar" "$runs" "${JETTISON_BINARY:-target/release/jettison}" <<'END'
import os, statistics, subprocess, sys, time

image, runs, jettison = sys.argv[1], int(sys.argv[2]), sys.argv[3]
lint = [jettison, "lint", "--fail-on", "none", "--output", "/dev/null", f"docker-archive:{image}"]
commands = {
    "sha256sum": ["sha256sum", image],
    "jettison lint": lint,
    "jettison lint --select all": [*lint, "--select", "all"],
}


def measure(command):
    """Seconds that passed, seconds of all processors, and the most memory in megabytes."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0, command
    return time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


results = {name: [] for name in commands}
for run in range(runs + 1):
    for name, command in commands.items():
        results[name].append(measure(command))
print(f"{os.path.getsize(image) / 1e6:.0f} MB, {runs} runs, {os.cpu_count()} cores")
print("| | median | fastest | processors | memory | sha256sum is 1 |\n|---|---:|---:|---:|---:|---:|")
processors = {name: statistics.median(busy for _, busy, _ in measured[1:]) for name, measured in results.items()}
fastest = {name: min(seconds for seconds, _, _ in measured[1:]) for name, measured in results.items()}
for name, measured in results.items():
    seconds = statistics.median(seconds for seconds, _, _ in measured[1:])
    memory = max(memory for _, _, memory in measured[1:])
    share = fastest[name] / fastest["sha256sum"]
    print(f"| {name} | {seconds:.2f} s | {fastest[name]:.2f} s | {processors[name]:.2f} s | {memory:.0f} MB | {share:.2f} |")
END

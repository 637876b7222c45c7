#!/bin/sh
# Times reading and writing an image of 800 MB beside `skopeo copy` and the tools that decompress and hash its layers,
# and measures memory. Everything is run in turns, so that what else the machine does disturbs all alike; medians.
set -eu
cd "$(dirname "$0")/.."
PATH=$PWD/target/release:$PATH
folder=${1:-target/bench}/images
runs=${RUNS:-5}

tests/tools.sh podman crun buildah skopeo mmdebstrap pigz zstd python3
mkdir -p "$folder"
if [ ! -f "$folder/image.tar" ]; then
    tests/e2e/build.sh benches/large localhost/jettison-bench/large >/dev/null
    tests/e2e/build.sh benches/huge localhost/jettison-bench/huge >/dev/null
    tests/e2e/sandbox.sh podman save --quiet --output "$folder/image.tar" localhost/jettison-bench/huge
fi
for kind in gzip zstd; do
    [ -d "$folder/$kind" ] || skopeo copy --quiet --dest-compress-format "$kind" \
        "docker-archive:$folder/image.tar" "oci:$folder/$kind:huge"
done

python3 - "$folder" "$runs" <<'END'
import glob, os, resource, shutil, statistics, subprocess, sys, time

folder, runs = sys.argv[1], int(sys.argv[2])
out = f"{folder}/out"


def layers(kind):
    blobs = glob.glob(f"{folder}/{kind}/blobs/sha256/*")
    return " ".join(blob for blob in blobs if os.path.getsize(blob) > 1_000_000)


def jettison(source, destination, *more):
    return ["jettison", "slim", f"{source}", "-o", f"{destination}:{out}", "--quiet", *more]


everything = ["--keep", "/**"]
image = f"docker-archive:{folder}/image.tar"
commands = {
    "cat image.tar | sha256sum": f"cat {folder}/image.tar | sha256sum",
    "skopeo copy docker-archive: docker-archive:": f"skopeo copy --quiet {image} docker-archive:{out}",
    "jettison slim docker-archive: docker-archive:": jettison(image, "docker-archive"),
    "  with --keep '/**'": jettison(image, "docker-archive", *everything),
    "  with --keep '/**' --layers keep": jettison(image, "docker-archive", *everything, "--layers", "keep"),
    "pigz -d of its gzip layers": f"pigz -dc {layers('gzip')} >/dev/null",
    "pigz -d | sha256sum": f"pigz -dc {layers('gzip')} | sha256sum",
    "jettison slim oci: (gzip) docker-archive:": jettison(f"oci:{folder}/gzip", "docker-archive"),
    "zstd -d of its zstd layers": f"zstd -dcq {layers('zstd')} >/dev/null",
    "zstd -d | sha256sum": f"zstd -dcq {layers('zstd')} | sha256sum",
    "jettison slim oci: (zstd) docker-archive:": jettison(f"oci:{folder}/zstd", "docker-archive"),
    "skopeo copy docker-archive: oci: (gzip)": f"skopeo copy --quiet {image} oci:{out}",
    "jettison slim docker-archive: oci: (gzip), --keep '/**'": jettison(image, "oci", *everything),
    "jettison slim docker-archive: oci: (zstd), --keep '/**'": jettison(image, "oci", *everything, "--compression", "zstd"),
}


def remove(path):
    shutil.rmtree(path) if os.path.isdir(path) else os.path.exists(path) and os.remove(path)


def measure(command):
    """Seconds that passed, seconds of all processors, and the most memory of one process in megabytes."""
    remove(out)
    start = time.monotonic()
    process = subprocess.Popen(command, shell=isinstance(command, str), stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - start
    assert os.waitstatus_to_exitcode(status) == 0, command
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


only = os.environ.get("ONLY")
commands = {name: command for name, command in commands.items() if not only or only in name}
results = {name: [] for name in commands}
for run in range(runs):
    for name, command in commands.items():
        results[name].append(measure(command))
remove(out)
print(f"image.tar: {os.path.getsize(f'{folder}/image.tar') / 1e6:.0f} MB, {runs} runs, {os.cpu_count()} cores")
print("| | median | fastest | processors | memory |\n|---|---:|---:|---:|---:|")
for name, measured in results.items():
    seconds = [seconds for seconds, _, _ in measured]
    processors = statistics.median(busy for _, busy, _ in measured)
    memory = max(memory for _, _, memory in measured)
    times = f"{statistics.median(seconds):.2f} s | {min(seconds):.2f} s | {processors:.2f} s"
    print(f"| {name} | {times} | {memory:.0f} MB |")
END

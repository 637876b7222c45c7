def run():
    import concurrent.futures
    import multiprocessing
    import subprocess
    import sys

    said = subprocess.run([sys.executable, "-c", "print('from below')"], capture_output=True, text=True, check=True)
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool:
        return f"{said.stdout.strip()} {pool.submit(pow, 2, 10).result()}"

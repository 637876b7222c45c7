//! A program that finds its data beside itself, spawns threads and other programs, and unwinds.

use std::{env, fs, io::Write, net::ToSocketAddrs, process::{Command, Stdio}, thread};

fn main() {
    let home = env::current_exe().unwrap().parent().unwrap().join("../data/words");
    let mut words: Vec<_> = fs::read_dir(home).unwrap().map(|each| fs::read_to_string(each.unwrap().path()).unwrap()).collect();
    words.sort();
    println!("{words:?}");
    println!("{:?}", "lighthouse.test:80".to_socket_addrs().map(|mut found| found.next().unwrap().to_string()));
    std::panic::set_hook(Box::new(|_| {}));
    println!("{}", thread::spawn(|| if env::args().count() < 9 { panic!("overboard") }).join().is_err());
    let mut gzip = Command::new("gzip").arg("--stdout").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    gzip.stdin.take().unwrap().write_all(b"cargo").unwrap();
    println!("{}", gzip.wait_with_output().unwrap().stdout.len() > 20);
}

//! HTTP requests to a container: is the answer a success?

use std::fmt;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::str::FromStr;
use std::time::{Duration, Instant};

/// The time in which a server must answer one request.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes in which the status line must end.
const LONGEST: u64 = 4 << 10;

/// A path that a server must serve, and the port in the container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// `None` for the first port of the image.
    pub port: Option<u16>,
    /// It starts with a slash.
    pub path: String,
}

impl FromStr for Probe {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "expected a path such as `/health`, or a port and a path such as \
                                `:8080/health`";
        let (port, path) = match text.strip_prefix(':') {
            Some(rest) => {
                let slash = rest.find('/').ok_or(EXPECTED)?;
                let port = rest[..slash].parse().map_err(|_| EXPECTED)?;
                (Some(port), &rest[slash..])
            }
            None => (None, text),
        };
        // Anything else would be another header of the request.
        let is_printable = path.bytes().all(|byte| byte.is_ascii_graphic());
        if !path.starts_with('/') || !is_printable {
            return Err(EXPECTED);
        }
        Ok(Self {
            port,
            path: path.to_owned(),
        })
    }
}

impl fmt::Display for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, ":{port}{}", self.path),
            None => f.write_str(&self.path),
        }
    }
}

/// An answer that must arrive before a time. A timeout of the socket is only about the next byte.
struct Answer<'a> {
    stream: &'a TcpStream,
    end: Instant,
}

impl io::Read for Answer<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(left(self.end)?))?;
        let mut stream = self.stream;
        stream.read(buffer)
    }
}

/// The time until `end`, or an error if there is none.
fn left(end: Instant) -> io::Result<Duration> {
    let left = end.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    Ok(left)
}

/// Sends a GET request and returns the status, within 5 seconds and before `end`. HTTP/1.0, so that
/// the server closes the connection, and no redirect is followed: it may lead elsewhere.
pub(super) fn get(address: SocketAddr, path: &str, end: Instant) -> io::Result<u16> {
    let end = end.min(Instant::now() + PATIENCE);
    let mut stream = TcpStream::connect_timeout(&address, left(end)?)?;
    stream.set_write_timeout(Some(left(end)?))?;
    let agent = concat!("jettison/", env!("CARGO_PKG_VERSION"));
    let request = format!(
        "GET {path} HTTP/1.0\r\nHost: {address}\r\nUser-Agent: {agent}\r\nAccept: */*\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    status(&mut Answer {
        stream: &stream,
        end,
    })
}

/// The status in the first line of an answer.
fn status(stream: &mut dyn io::Read) -> io::Result<u16> {
    let mut line = Vec::new();
    BufReader::new(stream.take(LONGEST)).read_until(b'\n', &mut line)?;
    let line = String::from_utf8_lossy(&line);
    let mut words = line.split_whitespace();
    match (words.next(), words.next().map(str::parse)) {
        (Some(version), Some(Ok(status))) if version.starts_with("HTTP/") => Ok(status),
        _ => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "the answer is not HTTP",
        )),
    }
}

/// Whether a status means that the server works: a redirect does.
pub(super) fn is_success(status: u16) -> bool {
    (200..400).contains(&status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_is_a_path_or_a_port_and_a_path() {
        let probe: Probe = "/health?full=1".parse().unwrap();
        assert_eq!((probe.port, &*probe.path), (None, "/health?full=1"));
        let probe: Probe = ":8080/".parse().unwrap();
        assert_eq!((probe.port, &*probe.path), (Some(8080), "/"));
        assert_eq!(probe.to_string(), ":8080/");
        for wrong in [
            "",
            "health",
            ":8080",
            ":x/",
            ":99999/",
            "/a b",
            "/a\r\nX: y",
        ] {
            assert!(wrong.parse::<Probe>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_server_that_sends_a_byte_now_and_then_does_not_hold_up_a_probe() {
        let server = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = server.local_addr().unwrap();
        let slow = std::thread::spawn(move || {
            let (mut connection, _) = server.accept().unwrap();
            // Ends as soon as the other side has closed the connection.
            while connection.write_all(b"H").is_ok() {
                std::thread::sleep(Duration::from_millis(10));
            }
        });
        let end = Instant::now() + Duration::from_millis(200);
        let error = get(address, "/", end).unwrap_err();
        assert!(
            matches!(
                error.kind(),
                io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock
            ),
            "{error}"
        );
        slow.join().unwrap();
    }

    #[test]
    fn the_status_is_in_the_first_line() {
        let of = |text: &str| status(&mut text.as_bytes());
        assert_eq!(of("HTTP/1.1 204 No Content\r\n\r\n").unwrap(), 204);
        assert_eq!(of("HTTP/1.0 301").unwrap(), 301);
        for wrong in [
            "",
            "SSH-2.0-OpenSSH_9.2\r\n",
            "HTTP/1.1\r\n200",
            "HTTP/1.1 ok\r\n",
        ] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
        assert!(of(&"x".repeat(1 << 20)).is_err());
    }

    #[test]
    fn redirects_count_as_success_and_errors_do_not() {
        let good = [200, 204, 301, 308, 399].map(is_success);
        assert_eq!(good, [true; 5]);
        assert_eq!([100, 199, 400, 404, 503].map(is_success), [false; 5]);
    }
}

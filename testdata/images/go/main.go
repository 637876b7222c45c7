// A server without C: what Go's own library opens by name.
package main

import (
	"crypto/x509"
	_ "embed"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"time"
)

//go:embed greeting.txt
var greeting string

func facts(answer http.ResponseWriter, _ *http.Request) {
	fmt.Fprint(answer, greeting)
	zone, err := time.LoadLocation("Africa/Cairo")
	if err != nil {
		fmt.Fprintln(answer, err)
	} else {
		fmt.Fprintln(answer, time.Unix(1750000000, 0).In(zone))
	}
	pool, err := x509.SystemCertPool()
	fmt.Fprintln(answer, len(pool.Subjects()) > 50, err)
	me, err := user.Current()
	fmt.Fprintln(answer, me, err)
	addresses, err := net.LookupHost("lighthouse.test")
	fmt.Fprintln(answer, addresses, err)
	port, err := net.LookupPort("tcp", "ldaps")
	fmt.Fprintln(answer, port, err)
	sum, err := exec.Command("md5sum", "/srv/site/index.html").Output()
	fmt.Fprintln(answer, string(sum), err)
}

func main() {
	if os.Args[1] == "health" {
		if _, err := http.Get("http://localhost:8000/facts"); err != nil {
			os.Exit(1)
		}
		return
	}
	http.HandleFunc("/facts", facts)
	http.Handle("/", http.FileServer(http.Dir(os.Args[2])))
	fmt.Println(http.ListenAndServe(":8000", nil))
}

// Go's crypto/tls as a peer of the interoperation tests; the arguments are those of every peer program (see test_peer_programs.py):
//
//	client PORT CA VERSION [CHAIN KEY]   two connections, the second offers to resume; "ping" must come back
//	server PORT CHAIN KEY VERSION [CA]   echoes until it is ended; with a CA clients must prove themselves
//
// It answers key updates by itself and has no call to make one, and no early data outside of QUIC.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"os"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "error", err)
		os.Exit(1)
	}
}

func configuration(version string) *tls.Config {
	number := map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}[version]
	return &tls.Config{MinVersion: number, MaxVersion: number, ServerName: "localhost"}
}

func pool(path string) *x509.CertPool {
	pem, err := os.ReadFile(path)
	must(err)
	made := x509.NewCertPool()
	made.AppendCertsFromPEM(pem)
	return made
}

func own(config *tls.Config, chain, key string) {
	pair, err := tls.LoadX509KeyPair(chain, key)
	must(err)
	config.Certificates = []tls.Certificate{pair}
}

func client(args []string) {
	config := configuration(args[2])
	config.RootCAs = pool(args[1])
	config.ClientSessionCache = tls.NewLRUClientSessionCache(4)
	if len(args) > 4 {
		own(config, args[3], args[4])
	}
	for turn := 0; turn < 2; turn++ {
		conn, err := tls.Dial("tcp", "127.0.0.1:"+args[0], config)
		must(err)
		_, err = conn.Write([]byte("ping\n"))
		must(err)
		reply := make([]byte, 5)
		_, err = io.ReadFull(conn, reply)
		must(err)
		state := conn.ConnectionState()
		kind := "full"
		if state.DidResume {
			kind = "resumed"
		}
		fmt.Printf("%s %s %s %s", args[2], kind, state.CurveID, reply)
		conn.Close()
	}
}

func server(args []string) {
	config := configuration(args[3])
	own(config, args[1], args[2])
	if len(args) > 4 {
		config.ClientCAs = pool(args[4])
		config.ClientAuth = tls.RequireAndVerifyClientCert
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:"+args[0], config)
	must(err)
	for {
		conn, err := listener.Accept()
		if err == nil {
			go func() {
				io.Copy(conn, conn)
				conn.Close()
			}()
		}
	}
}

func main() {
	switch args := os.Args[1:]; {
	case len(args) >= 4 && args[0] == "client":
		client(args[1:])
	case len(args) >= 5 && args[0] == "server":
		server(args[1:])
	default:
		must(fmt.Errorf("client PORT CA VERSION [CHAIN KEY] | server PORT CHAIN KEY VERSION [CA]"))
	}
}

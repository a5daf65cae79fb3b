package main

import (
	"net"
	"time"
)

// latency is what the way back through wire takes.
const latency = 10 * time.Millisecond

type chunk struct {
	bytes []byte
	due   time.Time
}

// wire puts the latency of a real network between this program and a node of the same host; it answers where to
// connect. The SDK writes a request first and notes that it waits for the answer second: an answer that is faster than
// that is lost, and the SDK waits for it forever.
func wire(endpoint string) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	checkError("wire", err)
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", endpoint)
			if err != nil {
				near.Close()
				continue
			}
			go carry(near, far, 0)
			go carry(far, near, latency)
		}
	}()
	return listener.Addr().String()
}

// carry copies until either end closes, everything later by delay.
func carry(from net.Conn, to net.Conn, delay time.Duration) {
	chunks := make(chan chunk, 1024)
	go func() {
		defer close(chunks)
		for {
			buffer := make([]byte, 64*1024)
			size, err := from.Read(buffer)
			if size > 0 {
				chunks <- chunk{buffer[:size], time.Now().Add(delay)}
			}
			if err != nil {
				return
			}
		}
	}()
	for each := range chunks {
		time.Sleep(time.Until(each.due))
		if _, err := to.Write(each.bytes); err != nil {
			break
		}
	}
	from.Close()
	to.Close()
}

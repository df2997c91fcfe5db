// A first server: returns bytes in upper case, to one client at a time.
package main

import (
	"io"
	"log"
	"net"
	"os"
)

func main() {
	// os.Args[2] is the name of the service.
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	for {
		client, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		if err := converse(client); err != nil {
			log.Print("a client has gone: ", err)
		}
		client.Close()
	}
}

func converse(client net.Conn) error {
	buffer := make([]byte, 65536)
	for {
		length, err := client.Read(buffer)
		for i, b := range buffer[:length] {
			if 'a' <= b && b <= 'z' {
				buffer[i] = b - ('a' - 'A')
			}
		}
		if _, err := client.Write(buffer[:length]); err != nil {
			return err
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

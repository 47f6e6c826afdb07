// The program of every image of the lab: waits to be told to stop, or fails at once when its argument is "crash".
package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "crash" {
		fmt.Println("crashing, as asked")
		os.Exit(1)
	}
	if len(os.Args) > 1 && os.Args[1] == "done" {
		return
	}
	fmt.Println("hello from the lab")
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	<-stop
}

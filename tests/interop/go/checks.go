package main

import (
	"fmt"
	"os"
	"reflect"
	"time"
)

const eventuallyMax = 10 * time.Second

var checks int

func check(name string, holds bool) {
	if !holds {
		fail("failed: " + name)
	}
	checks++
}

func checkError(name string, err error) {
	if err != nil {
		fail("failed: " + name + ": " + err.Error())
	}
	checks++
	fmt.Println("ok", name)
}

func checkEqual(name string, expected interface{}, actual interface{}) {
	if !reflect.DeepEqual(expected, actual) {
		fail(fmt.Sprintf("failed: %s: expected %v, got %v", name, expected, actual))
	}
	checks++
	fmt.Println("ok", name)
}

// checkCode is for a service's answer: the code a system contract returned, and the error the SDK makes of it.
func checkCode(name string, expected int64, code int64, err error) {
	if code != expected || (err != nil) != (expected < 0) {
		fail(fmt.Sprintf("failed: %s: expected %d, got %d, %v", name, expected, code, err))
	}
	checks++
	fmt.Println("ok", name, code)
}

// checkEventually is for what a node learns a moment later than the one that answered.
func checkEventually(name string, holds func() bool) {
	for deadline := time.Now().Add(eventuallyMax); !holds() && time.Now().Before(deadline); {
		time.Sleep(50 * time.Millisecond)
	}
	check(name, holds())
	fmt.Println("ok", name)
}

func fail(text string) {
	fmt.Fprintln(os.Stderr, text)
	os.Exit(1)
}

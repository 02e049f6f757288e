// Runs every example with the Go SDK that it is built for: one JSON line each, exit code 1 if one failed.
package main

import "os"

func main() {
	register(presenceCalls)
	register(publishCalls)
	register(ownToVersion)
	register(presenceEvents)
	register(messageEvents)
	register(recordCalls)
	register(membershipCalls)
	register(contextEvents)
	register(accessCalls)
	os.Exit(runAll(os.Args[1:]))
}

//go:build v4

package main

// told is the occupancy that a presence event of this version shows: none, since it takes the number for another type.
// An example of its own says so.
func told(int) int { return 0 }

// This version has no call that the other one lacks.
var ownToVersion []example

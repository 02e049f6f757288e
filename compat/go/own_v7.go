//go:build !v4

package main

// told is the occupancy that a presence event of this version shows.
func told(occupancy int) int { return occupancy }

// What only version 7 has.
var ownToVersion = append(tokens, []example{
	{name: "message: custom type", run: func() {
		channel, bob := fresh("room"), fresh("bob")
		listener := subscribed(client(fresh("ann")), channel)

		_, status, err := client(bob).Publish().Channel(channel).Message("hi").CustomMessageType("greeting").Execute()
		succeeded(status, err)

		message := next("message", listener.Message, nil)
		same("message", messageFields(message), object{
			"Message": "hi", "Channel": channel, "Publisher": bob, "CustomMessageType": "greeting",
		})
	}},
	{name: "signal: custom type", run: func() {
		channel, bob := fresh("room"), fresh("bob")
		listener := subscribed(client(fresh("ann")), channel)

		_, status, err := client(bob).Signal().Channel(channel).Message("hi").CustomMessageType("greeting").Execute()
		succeeded(status, err)

		signal := next("signal", listener.Signal, nil)
		same("signal", messageFields(signal), object{
			"Message": "hi", "Channel": channel, "Publisher": bob, "CustomMessageType": "greeting",
		})
	}},
}...)

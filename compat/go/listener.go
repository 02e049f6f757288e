package main

// What a listener hears: presence events, messages and signals; and what its own presence does.

var presenceEvents = []example{
	{name: "event: join", run: func() {
		channel, ann, bob := fresh("room"), fresh("ann"), fresh("bob")
		listener := subscribed(client(ann), channel)

		own := presenceOf(listener, "join", ann)
		client(bob).Subscribe().Channels([]string{channel}).Execute()
		second := presenceOf(listener, "join", bob)

		same("own join", presenceFields(own), object{"Event": "join", "Channel": channel, "UUID": ann, "Occupancy": told(1)})
		same("second join", presenceFields(second), object{"Event": "join", "Channel": channel, "UUID": bob, "Occupancy": told(2)})
	}},
	{name: "event: occupancy", run: func() {
		channel, ann := fresh("room"), fresh("ann")
		listener := subscribed(client(ann), channel)
		same("occupancy", presenceOf(listener, "join", ann).Occupancy, 1)
	}},
	{name: "event: join with state", run: func() {
		channel := fresh("room")
		listener := subscribed(client(fresh("ann")), channel)

		joins(channel, "bob", 60, object{"mood": "fine"})

		same("event", presenceFields(presenceOf(listener, "join", "bob")), object{
			"Event": "join", "Channel": channel, "UUID": "bob", "Occupancy": told(2), "State": object{"mood": "fine"},
		})
	}},
	{name: "event: state-change, followed by get state", run: func() {
		channel, bob := fresh("ch1"), fresh("is_typing")
		join(channel, bob)
		pn := client(fresh("ann"))
		listener := subscribed(pn, channel)

		_, status, err := client(bob).SetState().Channels([]string{channel}).
			State(map[string]interface{}{"is_typing": true}).Execute()
		succeeded(status, err)
		presence := presenceOf(listener, "state-change", bob)
		same("event", presenceFields(presence), object{
			"Event": "state-change", "Channel": channel, "UUID": bob, "Occupancy": told(2), "State": object{"is_typing": true},
		})

		if presence.Event == "state-change" {
			res, status, err := pn.GetState().Channels([]string{channel}).UUID(bob).Execute()
			succeeded(status, err)
			same("state", res.State, object{channel: object{"is_typing": true}})
		}
	}},
	{name: "event: leave, by unsubscribe", run: func() {
		channel, bob := fresh("room"), fresh("bob")
		listener := subscribed(client(fresh("ann")), channel)
		other := client(bob)
		other.Subscribe().Channels([]string{channel}).Execute()
		presenceOf(listener, "join", bob)

		other.Unsubscribe().Channels([]string{channel}).Execute()

		same("event", presenceFields(presenceOf(listener, "leave", bob)), object{
			"Event": "leave", "Channel": channel, "UUID": bob, "Occupancy": told(1),
		})
	}},
	{name: "event: leave with the last state", run: func() {
		channel := fresh("room")
		joins(channel, "bob", 60, object{"mood": "fine"})
		listener := subscribed(client(fresh("ann")), channel)

		leave(channel, "bob")

		same("event", presenceFields(presenceOf(listener, "leave", "bob")), object{
			"Event": "leave", "Channel": channel, "UUID": "bob", "Occupancy": told(1), "State": object{"mood": "fine"},
		})
	}},
	{name: "event: timeout", run: func() {
		channel := fresh("room")
		listener := subscribed(client(fresh("ann")), channel)

		joins(channel, "ghost", 2, nil)
		joined := presenceOf(listener, "join", "ghost")
		event := presenceOf(listener, "timeout", "ghost")

		same("event", presenceFields(event), object{
			"Event": "timeout", "Channel": channel, "UUID": "ghost", "Occupancy": told(1), "State": object{},
		})
		if seconds := float64(event.Timetoken-joined.Timetoken) / 1e7; seconds < 1.9 || seconds > 3.5 {
			fail("the timeout of 2 s took %v s", seconds)
		}
	}},
	{name: "event: interval", run: func() {
		channel := fresh("hall")
		same("channel", hearsInterval(channel).Channel, channel)
	}},
	{name: "event: interval with deltas", run: func() {
		same("join", hearsInterval(fresh("hall")).Join, []string{"u3", "u4", "u5"})
	}},
	{name: "subscribe with state", run: func() {
		channel, ann := fresh("room"), fresh("ann")
		heard := subscribed(client(fresh("watcher")), channel)

		client(ann).Subscribe().Channels([]string{channel}).
			State(map[string]interface{}{"mood": "fine"}).Execute()

		same("event", presenceFields(presenceOf(heard, "join", ann)), object{
			"Event": "join", "Channel": channel, "UUID": ann, "Occupancy": told(2), "State": object{"mood": "fine"},
		})
	}},
	{name: "subscribe joins, unsubscribe leaves", run: func() {
		room, hall, ann := fresh("a_room"), fresh("b_hall"), fresh("ann")
		watcher := client(fresh("watcher"))
		heard := listen(watcher)
		watcher.Subscribe().Channels([]string{room + "-pnpres", hall + "-pnpres"}).Execute()
		connected(heard)
		pn := client(ann)
		channelsOf := func(what string, expected []string) {
			res, status, err := watcher.WhereNow().UUID(ann).Execute()
			succeeded(status, err)
			same(what, len(res.Channels), len(expected))
			for at := range expected {
				same(what, res.Channels[at], expected[at])
			}
		}

		pn.Subscribe().Channels([]string{room}).Execute()
		presenceOf(heard, "join", ann)
		channelsOf("where now", []string{room})
		pn.Subscribe().Channels([]string{hall}).Execute()
		same("joined", presenceOf(heard, "join", ann).Channel, hall)

		pn.Unsubscribe().Channels([]string{room}).Execute()
		same("left", presenceOf(heard, "leave", ann).Channel, room)
		pn.UnsubscribeAll()
		same("left", presenceOf(heard, "leave", ann).Channel, hall)
	}},
	{name: "heartbeats keep a member present", run: func() {
		channel, ann := fresh("room"), fresh("ann")
		heard := subscribed(client(fresh("watcher")), channel)
		clientOf(ann, withHeartbeats(20)).Subscribe().Channels([]string{channel}).Execute()
		presenceOf(heard, "join", ann)

		// Without the heartbeats that the SDK sends each second, ann would lapse before the clock does.
		joins(channel, ann, 3, nil)
		joins(channel, "clock", 5, nil)
		lapsed := next("timeout", heard.Presence, func(event *PNPresence) bool { return event.Event == "timeout" })

		same("who lapsed", lapsed.UUID, "clock")
	}},
}

// hearsInterval has five users join a channel that is in interval mode above two, and hears the event that tells all.
func hearsInterval(channel string) *PNPresence {
	pn := clientOf(fresh("ann"), func(config *Config) {
		config.SubscribeKey, config.PublishKey = intervalKeySet.subscribe, intervalKeySet.publish
	})
	listener := listen(pn)
	pn.Subscribe().Channels([]string{channel + "-pnpres"}).Execute()
	connected(listener)
	for _, userID := range []string{"u1", "u2", "u3", "u4", "u5"} {
		joinsIn(intervalKeySet, channel, userID, 60, nil)
	}
	return next("interval", listener.Presence, func(event *PNPresence) bool {
		return event.Event == "interval" && event.Occupancy == told(5)
	})
}

var messageEvents = []example{
	{name: "message", run: func() {
		channel, bob := fresh("room"), fresh("bob")
		listener := subscribed(client(fresh("ann")), channel)
		content := object{"text": "bonjour, ça va ? & + %", "n": []any{1, 2.5, nil}}

		sent, status, err := client(bob).Publish().Channel(channel).Message(content).Execute()
		succeeded(status, err)
		message := next("message", listener.Message, nil)

		same("message", messageFields(message), object{"Message": content, "Channel": channel, "Publisher": bob})
		same("timetoken", message.Timetoken, sent.Timestamp)
	}},
	{name: "message: by POST, with meta", run: func() {
		channel, bob := fresh("room"), fresh("bob")
		listener := subscribed(client(fresh("ann")), channel)

		_, status, err := client(bob).Publish().Channel(channel).Message("hi").UsePost(true).
			Meta(object{"lang": "fr"}).Execute()
		succeeded(status, err)

		same("message", messageFields(next("message", listener.Message, nil)), object{
			"Message": "hi", "Channel": channel, "Publisher": bob, "UserMetadata": object{"lang": "fr"},
		})
	}},
	{name: "message: filtered by meta", run: func() {
		channel, bob := fresh("room"), fresh("bob")
		pn := clientOf(fresh("ann"), func(config *Config) { config.FilterExpression = "lang == 'fr'" })
		listener := subscribed(pn, channel)
		other := client(bob)

		for _, lang := range []string{"de", "fr"} {
			_, status, err := other.Publish().Channel(channel).Message(lang).Meta(object{"lang": lang}).Execute()
			succeeded(status, err)
		}

		same("message", next("message", listener.Message, nil).Message, "fr")
	}},
	{name: "signal: heard", run: func() {
		channel, bob := fresh("room"), fresh("bob")
		listener := subscribed(client(fresh("ann")), channel)

		sent, status, err := client(bob).Signal().Channel(channel).Message(object{"typing": true}).Execute()
		succeeded(status, err)
		signal := next("signal", listener.Signal, nil)

		same("signal", messageFields(signal), object{"Message": object{"typing": true}, "Channel": channel, "Publisher": bob})
		same("timetoken", signal.Timetoken, sent.Timestamp)
	}},
	{name: "subscribe to a pattern", run: func() {
		lobby, bob := fresh("lobby"), fresh("bob")
		pn := client(fresh("ann"))
		listener := listen(pn)
		pn.Subscribe().Channels([]string{lobby + ".*"}).Execute()
		connected(listener)

		_, status, err := client(bob).Publish().Channel(lobby + ".north").Message("hi").Execute()
		succeeded(status, err)

		same("message", messageFields(next("message", listener.Message, nil)), object{
			"Message": "hi", "Channel": lobby + ".north", "Subscription": lobby + ".*", "Publisher": bob,
		})
	}},
	{name: "subscribe to a channel group", run: func() {
		group, room, bob := fresh("group"), fresh("room"), fresh("bob")
		makeGroup(group, room)
		pn := client(fresh("ann"))
		listener := listen(pn)
		pn.Subscribe().ChannelGroups([]string{group}).WithPresence(true).Execute()
		connected(listener)

		join(room, "cho")
		same("join of a member", presenceFields(presenceOf(listener, "join", "cho")), object{
			"Event": "join", "Channel": room, "Subscription": group, "UUID": "cho", "Occupancy": told(2),
		})
		_, status, err := client(bob).Publish().Channel(room).Message("hi").Execute()
		succeeded(status, err)

		same("message", messageFields(next("message", listener.Message, nil)), object{
			"Message": "hi", "Channel": room, "Subscription": group, "Publisher": bob,
		})
	}},
	{name: "a second subscribe keeps the first", run: func() {
		room, hall := fresh("a_room"), fresh("b_hall")
		pn, other := client(fresh("ann")), client(fresh("bob"))
		listener := subscribed(pn, room)
		pn.Subscribe().Channels([]string{hall}).WithPresence(true).Execute()
		next("presence", listener.Presence, func(event *PNPresence) bool { return event.Channel == hall })

		for _, channel := range []string{room, hall} {
			_, status, err := other.Publish().Channel(channel).Message("hi").Execute()
			succeeded(status, err)
			next("message", listener.Message, func(message *PNMessage) bool { return message.Channel == channel })
		}
	}},
}

package main

// The calls beside presence that its examples need: publish, signal, fire, time, channel groups.

import "sort"

var publishCalls = []example{
	{name: "publish", run: func() {
		res, status, err := client(fresh("publisher")).Publish().Channel(fresh("my-channel")).Message("hello").Execute()
		succeeded(status, err)
		isTimetoken(res.Timestamp)
	}},
	{name: "publish: by POST", run: func() {
		res, status, err := client(fresh("publisher")).Publish().Channel(fresh("my-channel")).
			Message(object{"text": "hello"}).UsePost(true).Execute()
		succeeded(status, err)
		isTimetoken(res.Timestamp)
	}},
	{name: "publish: query param", run: func() {
		pn := client(fresh("publisher"))
		sent := recorded(pn)
		_, status, err := pn.Publish().Channel(fresh("my-channel")).Message("hello").
			QueryParam(map[string]string{"q1": "v1"}).Execute()
		succeeded(status, err)
		sent.has("q1=v1")
	}},
	{name: "signal", run: func() {
		res, status, err := client(fresh("publisher")).Signal().Channel(fresh("my-channel")).
			Message(object{"typing": true}).Execute()
		succeeded(status, err)
		isTimetoken(res.Timestamp)
	}},
	{name: "fire", run: func() {
		res, status, err := client(fresh("publisher")).Fire().Channel(fresh("my-channel")).Message("to functions only").Execute()
		succeeded(status, err)
		isTimetoken(res.Timestamp)
	}},
	{name: "time", run: func() {
		res, status, err := client(fresh("clock")).Time().Execute()
		succeeded(status, err)
		isTimetoken(res.Timetoken)
	}},
	{name: "channel groups: add, list, remove, delete", run: func() {
		group, pn := fresh("group"), client(fresh("admin"))
		channels := freshOnes("ch1", "ch2", "ch3")
		listed := func(what string, expected []string) {
			res, status, err := pn.ListChannelsInChannelGroup().ChannelGroup(group).Execute()
			succeeded(status, err)
			sort.Strings(res.Channels)
			same(what, res.Channels, expected)
			same("group", res.ChannelGroup, group)
		}

		listed("before", []string{})
		_, status, err := pn.AddChannelToChannelGroup().ChannelGroup(group).Channels(channels).Execute()
		succeeded(status, err)
		listed("after add", channels)
		_, status, err = pn.RemoveChannelFromChannelGroup().ChannelGroup(group).Channels(channels[1:2]).Execute()
		succeeded(status, err)
		listed("after remove", []string{channels[0], channels[2]})
		_, status, err = pn.DeleteChannelGroup().ChannelGroup(group).Execute()
		succeeded(status, err)
		listed("after delete", []string{})
	}},
	{name: "an unknown subscribe key is refused", run: func() {
		pn := clientOf(fresh("asker"), func(config *Config) { config.SubscribeKey = fresh("sub-c-unknown") })
		_, status, err := pn.HereNow().Channels([]string{"room"}).Execute()
		refused(400, "Invalid Subscribe Key", status, err)
	}},
}

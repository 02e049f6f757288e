// A server made of the centrifuge library and nothing else, for `cargo xtask bench`.
//
// Channels that begin with "room" have presence and tell of joins and leaves; the others are plain fan-out. The
// library's own settings are left as they are, except where a row would hit a limit meant for browsers.
package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/centrifugal/centrifuge"
)

func main() {
	node, err := centrifuge.New(centrifuge.Config{
		ClientChannelLimit: 10_000_000,
		// A slow reader is cut off at a megabyte by default, which the rows with many messages in flight would reach.
		ClientQueueMaxSize: 64 << 20,
	})
	if err != nil {
		log.Fatal(err)
	}
	node.OnConnecting(func(context.Context, centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		return centrifuge.ConnectReply{
			Credentials: &centrifuge.Credentials{UserID: "ann"},
			// Pings would be a cost that the other servers of the table do not have.
			PingPongConfig: &centrifuge.PingPongConfig{PingInterval: time.Hour},
		}, nil
	})
	node.OnConnect(serve)
	if err := node.Run(); err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", listener.Addr())
	http.Handle("/connection/websocket", centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{}))
	log.Fatal(http.Serve(listener, nil))
}

func serve(client *centrifuge.Client) {
	client.OnSubscribe(func(event centrifuge.SubscribeEvent, reply centrifuge.SubscribeCallback) {
		present := strings.HasPrefix(event.Channel, "room")
		reply(centrifuge.SubscribeReply{Options: centrifuge.SubscribeOptions{
			EmitPresence:  present,
			EmitJoinLeave: present,
			PushJoinLeave: present,
		}}, nil)
	})
	client.OnPublish(func(_ centrifuge.PublishEvent, reply centrifuge.PublishCallback) {
		reply(centrifuge.PublishReply{}, nil)
	})
	client.OnPresence(func(_ centrifuge.PresenceEvent, reply centrifuge.PresenceCallback) {
		reply(centrifuge.PresenceReply{}, nil)
	})
	client.OnPresenceStats(func(_ centrifuge.PresenceStatsEvent, reply centrifuge.PresenceStatsCallback) {
		reply(centrifuge.PresenceStatsReply{}, nil)
	})
}

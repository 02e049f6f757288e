//go:build !v4

package main

import pubnub "github.com/pubnub/go/v7"

// Version 7 of the SDK: the names that the examples use, so that they are written once for both.
type (
	Config                   = pubnub.Config
	Listener                 = pubnub.Listener
	PubNub                   = pubnub.PubNub
	PNChannelEvent           = pubnub.PNChannelEvent
	PNChannelMembersInclude  = pubnub.PNChannelMembersInclude
	PNChannelMembersRemove   = pubnub.PNChannelMembersRemove
	PNChannelMembersSet      = pubnub.PNChannelMembersSet
	PNChannelMembersUUID     = pubnub.PNChannelMembersUUID
	PNChannelMetadataInclude = pubnub.PNChannelMetadataInclude
	PNMembershipEvent        = pubnub.PNMembershipEvent
	PNMembershipsChannel     = pubnub.PNMembershipsChannel
	PNMembershipsInclude     = pubnub.PNMembershipsInclude
	PNMembershipsRemove      = pubnub.PNMembershipsRemove
	PNMembershipsSet         = pubnub.PNMembershipsSet
	PNMessage                = pubnub.PNMessage
	PNPresence               = pubnub.PNPresence
	PNStatus                 = pubnub.PNStatus
	PNUUIDEvent              = pubnub.PNUUIDEvent
	PNUUIDMetadataInclude    = pubnub.PNUUIDMetadataInclude
	StatusResponse           = pubnub.StatusResponse
	HereNowResponse          = pubnub.HereNowResponse
)

const (
	PNChannelMembersIncludeCustom     = pubnub.PNChannelMembersIncludeCustom
	PNChannelMembersIncludeUUID       = pubnub.PNChannelMembersIncludeUUID
	PNChannelMembersIncludeUUIDCustom = pubnub.PNChannelMembersIncludeUUIDCustom
	PNChannelMetadataIncludeCustom    = pubnub.PNChannelMetadataIncludeCustom
	PNAccessDeniedCategory            = pubnub.PNAccessDeniedCategory
	PNConnectedCategory               = pubnub.PNConnectedCategory
	PNMembershipsIncludeChannel       = pubnub.PNMembershipsIncludeChannel
	PNMembershipsIncludeChannelCustom = pubnub.PNMembershipsIncludeChannelCustom
	PNMembershipsIncludeCustom        = pubnub.PNMembershipsIncludeCustom
	PNObjectsEventRemove              = pubnub.PNObjectsEventRemove
	PNObjectsEventSet                 = pubnub.PNObjectsEventSet
	PNUUIDMetadataIncludeCustom       = pubnub.PNUUIDMetadataIncludeCustom
	Version                           = pubnub.Version
)

func newPubNub(config *Config) *PubNub { return pubnub.NewPubNub(config) }

func newListener() *Listener { return pubnub.NewListener() }

func newConfig(userID string) *Config {
	return pubnub.NewConfigWithUserId(pubnub.UserId(userID))
}

package main

// What the App Context examples share: users and channels have the same calls, and so have the two sides of a
// membership. Their builders are types of their own, so the calls are spelt out here, once for each.

import (
	"encoding/json"
	"fmt"
	"regexp"
	"time"
)

const (
	notFound     = "Requested object was not found."
	invalidInput = "Request payload contained invalid input."
)

// asked is what a list is asked for.
type asked struct {
	filter, start, end string
	sort               []string
	limit              int
	count, custom      bool
	// What is joined, too, with its own custom.
	joined bool
}

// page is what a list answers.
type page struct {
	data       []object
	total      int
	next, prev string
}

// ------------------------------------------------------------------------------------------------- users and channels

// kind is users or channels. A record is given and taken as its JSON; text that is unset is empty in this SDK.
type kind struct {
	// As in the paths of the protocol.
	path   string
	fields []string
	set    func(pn *PubNub, id string, record object) object
	try    func(pn *PubNub, id string, record object) (StatusResponse, error)
	get    func(pn *PubNub, id string, withCustom bool) object
	tryGet func(pn *PubNub, id string) (StatusResponse, error)
	remove func(pn *PubNub, id string) any
	all    func(pn *PubNub, of asked) page
	tryAll func(pn *PubNub, of asked) (StatusResponse, error)
}

var users, channels kind

func init() {
	setUser := func(pn *PubNub, id string, record object) (object, StatusResponse, error) {
		call := pn.SetUUIDMetadata().UUID(id).Include([]PNUUIDMetadataInclude{PNUUIDMetadataIncludeCustom})
		call.Name(text(record, "name")).ExternalID(text(record, "externalId")).ProfileURL(text(record, "profileUrl"))
		call.Email(text(record, "email")).Custom(customOf(record))
		res, status, err := call.Execute()
		if err != nil {
			return nil, status, err
		}
		return asObject(res.Data), status, nil
	}
	allUsers := func(pn *PubNub, of asked) (page, StatusResponse, error) {
		call := pn.GetAllUUIDMetadata().Filter(of.filter).Start(of.start).End(of.end).Count(of.count)
		if of.custom {
			call.Include([]PNUUIDMetadataInclude{PNUUIDMetadataIncludeCustom})
		}
		if of.sort != nil {
			call.Sort(of.sort)
		}
		if of.limit != 0 {
			call.Limit(of.limit)
		}
		res, status, err := call.Execute()
		if err != nil {
			return page{}, status, err
		}
		return page{asObjects(res.Data), res.TotalCount, res.Next, res.Prev}, status, nil
	}
	users = kind{
		path:   "uuids",
		fields: []string{"name", "externalId", "profileUrl", "email"},
		set: func(pn *PubNub, id string, record object) object {
			data, status, err := setUser(pn, id, record)
			succeeded(status, err)
			return data
		},
		try: func(pn *PubNub, id string, record object) (StatusResponse, error) {
			_, status, err := setUser(pn, id, record)
			return status, err
		},
		get: func(pn *PubNub, id string, withCustom bool) object {
			call := pn.GetUUIDMetadata().UUID(id)
			if withCustom {
				call.Include([]PNUUIDMetadataInclude{PNUUIDMetadataIncludeCustom})
			}
			res, status, err := call.Execute()
			succeeded(status, err)
			return asObject(res.Data)
		},
		tryGet: func(pn *PubNub, id string) (StatusResponse, error) {
			_, status, err := pn.GetUUIDMetadata().UUID(id).Execute()
			return status, err
		},
		remove: func(pn *PubNub, id string) any {
			res, status, err := pn.RemoveUUIDMetadata().UUID(id).Execute()
			succeeded(status, err)
			return res.Data
		},
		all: func(pn *PubNub, of asked) page {
			found, status, err := allUsers(pn, of)
			succeeded(status, err)
			return found
		},
		tryAll: func(pn *PubNub, of asked) (StatusResponse, error) {
			_, status, err := allUsers(pn, of)
			return status, err
		},
	}

	setChannel := func(pn *PubNub, id string, record object) (object, StatusResponse, error) {
		call := pn.SetChannelMetadata().Channel(id).Include([]PNChannelMetadataInclude{PNChannelMetadataIncludeCustom})
		call.Name(text(record, "name")).Description(text(record, "description")).Custom(customOf(record))
		res, status, err := call.Execute()
		if err != nil {
			return nil, status, err
		}
		return asObject(res.Data), status, nil
	}
	allChannels := func(pn *PubNub, of asked) (page, StatusResponse, error) {
		call := pn.GetAllChannelMetadata().Filter(of.filter).Start(of.start).End(of.end).Count(of.count)
		if of.custom {
			call.Include([]PNChannelMetadataInclude{PNChannelMetadataIncludeCustom})
		}
		if of.sort != nil {
			call.Sort(of.sort)
		}
		if of.limit != 0 {
			call.Limit(of.limit)
		}
		res, status, err := call.Execute()
		if err != nil {
			return page{}, status, err
		}
		return page{asObjects(res.Data), res.TotalCount, res.Next, res.Prev}, status, nil
	}
	channels = kind{
		path:   "channels",
		fields: []string{"name", "description"},
		set: func(pn *PubNub, id string, record object) object {
			data, status, err := setChannel(pn, id, record)
			succeeded(status, err)
			return data
		},
		try: func(pn *PubNub, id string, record object) (StatusResponse, error) {
			_, status, err := setChannel(pn, id, record)
			return status, err
		},
		get: func(pn *PubNub, id string, withCustom bool) object {
			call := pn.GetChannelMetadata().Channel(id)
			if withCustom {
				call.Include([]PNChannelMetadataInclude{PNChannelMetadataIncludeCustom})
			}
			res, status, err := call.Execute()
			succeeded(status, err)
			return asObject(res.Data)
		},
		tryGet: func(pn *PubNub, id string) (StatusResponse, error) {
			_, status, err := pn.GetChannelMetadata().Channel(id).Execute()
			return status, err
		},
		remove: func(pn *PubNub, id string) any {
			res, status, err := pn.RemoveChannelMetadata().Channel(id).Execute()
			succeeded(status, err)
			return res.Data
		},
		all: func(pn *PubNub, of asked) page {
			found, status, err := allChannels(pn, of)
			succeeded(status, err)
			return found
		},
		tryAll: func(pn *PubNub, of asked) (StatusResponse, error) {
			_, status, err := allChannels(pn, of)
			return status, err
		},
	}
}

// ofEachKind gives an example of users and the same of channels.
func ofEachKind(name string, run func(kind kind)) []example {
	return []example{
		{name: fmt.Sprintf(name, "UUID"), run: func() { run(users) }},
		{name: fmt.Sprintf(name, "channel"), run: func() { run(channels) }},
	}
}

// record is one as this SDK gives it.
func (k kind) record(id string, fields object) object {
	record := object{"id": id, "custom": nil}
	for _, name := range k.fields {
		record[name] = ""
	}
	for name, value := range fields {
		record[name] = value
	}
	return record
}

func text(record object, name string) string {
	value, _ := record[name].(string)
	return value
}

func customOf(record object) object {
	value, _ := record["custom"].(object)
	return value
}

// ------------------------------------------------------------------------------------------------------------- results

func asObject(value any) (decoded object) {
	must(json.Unmarshal([]byte(asJSON(value)), &decoded))
	return decoded
}

func asObjects(value any) (decoded []object) {
	must(json.Unmarshal([]byte(asJSON(value)), &decoded))
	return decoded
}

var isTime = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,5}[1-9])?Z$`)

// plain gives a record or membership without `updated` and `eTag`, which are checked, here and in what it embeds; and
// without what this SDK has and the protocol does not.
func plain(record object) object {
	fields := object{}
	for name, value := range record {
		fields[name] = value
	}
	updated, etag := text(fields, "updated"), text(fields, "eTag")
	if !isTime.MatchString(updated) {
		fail("not a time in UTC: %q", updated)
	}
	at, err := time.Parse(time.RFC3339Nano, updated)
	must(err)
	isRecent("updated", at)
	if etag == "" {
		fail("there is no eTag: %s", asJSON(record))
	}
	delete(fields, "updated")
	delete(fields, "eTag")
	if created, isThere := fields["created"]; isThere {
		same("created and id of a membership", []any{created, fields["id"]}, []any{"", ""})
		delete(fields, "created")
		delete(fields, "id")
	}
	for _, name := range []string{"uuid", "channel"} {
		if embedded, isThere := fields[name].(object); isThere {
			if text(embedded, "updated") != "" {
				fields[name] = plain(embedded)
			} else { // The id alone: all else is as unset.
				delete(embedded, "updated")
				delete(embedded, "eTag")
			}
		}
	}
	return fields
}

func allPlain(records []object) []object {
	fields := []object{}
	for _, record := range records {
		fields = append(fields, plain(record))
	}
	return fields
}

func idsOf(records []object) []string {
	ids := []string{}
	for _, record := range records {
		ids = append(ids, text(record, "id"))
	}
	return ids
}

// inPages walks through a list of five, two at a time, to its end and back.
func inPages(ids []string, get func(of asked) page, idsOf func(records []object) []string) {
	step := func(what string, of asked, expected []string, hasNext, hasPrev bool) page {
		of.limit, of.count = 2, true
		found := get(of)
		same("total", found.total, 5)
		same(what, idsOf(found.data), expected)
		same(what+": next, prev", []bool{found.next != "", found.prev != ""}, []bool{hasNext, hasPrev})
		return found
	}
	first := step("first page", asked{}, ids[:2], true, false)
	second := step("second page", asked{start: first.next}, ids[2:4], true, true)
	third := step("last page", asked{start: second.next}, ids[4:], true, true)
	step("past the end", asked{start: third.next}, []string{}, false, true)
	step("back to the second page", asked{end: third.prev}, ids[2:4], true, true)
	step("back to the first page", asked{end: second.prev}, ids[:2], true, false)
}

module hereabouts/compat

go 1.18

require (
	github.com/pubnub/go v4.10.0+incompatible
	github.com/pubnub/go/v7 v7.4.0
)

require (
	github.com/brianolson/cbor_go v1.0.0 // indirect
	github.com/davecgh/go-spew v1.1.1 // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/pmezard/go-difflib v1.0.0 // indirect
	github.com/stretchr/testify v1.10.0 // indirect
	golang.org/x/net v0.35.0 // indirect
	golang.org/x/text v0.22.0 // indirect
	gopkg.in/yaml.v3 v3.0.1 // indirect
)

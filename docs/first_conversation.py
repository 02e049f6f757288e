from pubnub.callbacks import SubscribeCallback
from pubnub.pnconfiguration import PNConfiguration
from pubnub.pubnub import PubNub


def client(user):
    config = PNConfiguration()
    config.origin = "127.0.0.1:7700"
    config.ssl = False
    config.subscribe_key = config.publish_key = "demo"
    config.user_id = user
    return PubNub(config)


class Ears(SubscribeCallback):
    def presence(self, pubnub, event):
        print(f"{event.event}: {event.uuid}, {event.occupancy} here")

    def message(self, pubnub, message):
        print(f"{message.publisher} says {message.message!r}")

    def status(self, pubnub, status):
        pass


ann = client("ann")
ann.add_listener(Ears())
ann.subscribe().channels("kitchen").with_presence().execute()

input("Press Enter when somebody else is here, too. ")

here = ann.here_now().channels("kitchen").include_state(True).sync().result
for occupant in here.channels[0].occupants:
    print(f"{occupant.uuid} is in the kitchen: {occupant.state}")

ann.unsubscribe_all()
ann.stop()

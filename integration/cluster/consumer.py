"""Somebody else's program at an exchange: pika, and nothing of this repository.

It takes what is routed to the keys given, and says so: a line "ready", then each message as a line of JSON. Each line on its
standard input is a message to publish, {"exchange", "routing_key", "body"}; it is answered with {"published": routing_key}, or
with {"returned": routing_key} when nothing was bound for it. It ends with its input. The broker's URL is in AMQP_URL.
"""

import base64
import json
import os
import sys
import threading

import pika


def say(what):
    print(what if isinstance(what, str) else json.dumps(what), flush=True)


def told(properties):
    names = ("content_type", "content_encoding", "delivery_mode", "priority", "correlation_id", "reply_to", "expiration",
             "message_id", "timestamp", "type", "user_id", "app_id")
    return {name: getattr(properties, name) for name in names if getattr(properties, name) is not None}


def taken(_channel, method, properties, body):
    say({
        "exchange": method.exchange,
        "routing_key": method.routing_key,
        "redelivered": method.redelivered,
        "headers": properties.headers or {},
        "properties": told(properties),
        "body": base64.b64encode(body).decode(),
    })


def main(exchange, keys):
    connection = pika.BlockingConnection(pika.URLParameters(os.environ["AMQP_URL"]))
    incoming = connection.channel()
    outgoing = connection.channel()
    outgoing.confirm_delivery()
    queue = incoming.queue_declare("", exclusive=True).method.queue
    for key in keys:
        incoming.queue_bind(queue, exchange, key)
    incoming.basic_consume(queue, taken, auto_ack=True)

    def publish(order):
        key = order["routing_key"]
        try:
            outgoing.basic_publish(order["exchange"], key, order["body"].encode(), mandatory=True)
        except pika.exceptions.UnroutableError:
            say({"returned": key})
        else:
            say({"published": key})

    def read():
        for line in sys.stdin:
            order = json.loads(line)
            connection.add_callback_threadsafe(lambda order=order: publish(order))
        connection.add_callback_threadsafe(incoming.stop_consuming)

    threading.Thread(target=read, daemon=True).start()
    say("ready")
    incoming.start_consuming()
    connection.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])

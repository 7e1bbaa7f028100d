"""An attacker's run: each file tries one kind of attack, wherever the app offers a place for it.

The walks go by the app's own map of routes, so a new route is attacked as soon as it is there.
A replayed sign-in at Trello is tried in tests/trello/test_connect_account.py, forged and replayed
deliveries of webhooks in tests/trello/test_receive_webhook.py and test_news.py.
"""

"""Seeds that people would write, or that servers say."""

EVERY_KEY = """product = "kruxos"
hardware = ["box-1", "box-2"]
state-directory = "/data/krux"
keys-directory = '/usr/lib/krux/keys.d'
data-mount = "/data"
[slots]
a-label = "root-a"
b-label = \"\"\"root-b\"\"\"
[boot]
grub-environment = "/boot/efi/grubenv"
tries = 3
[fetch]
connect-timeout-seconds = 30
stall-timeout-seconds = 0x1e
retries = 5
retry-delay-seconds = 1_0
certificate-authorities = "/etc/ssl/ca.pem"
[reboot]
command = ["systemctl", "reboot"]
[health]
url = "http://127.0.0.1/health/ready"
interval-seconds = 5
timeout-seconds = 120
request-timeout-seconds = 5
successes = 1
check-timeout-seconds = 30
[watchdog]
device = "/dev/watchdog0"
timeout-seconds = 30
[other]
when = 2026-01-02T03:04:05Z
list = [1, 2.5, true, {a = "\\u0041"}]
[[other.tables]]
x.y.z = inf
"""
# Name, status and body.
HEALTH_REPLIES = [
    ("good", 200, '{"status":"ok","services":{"gateway":"healthy"}}'),
    ("words", 503, '{"status":"degraded","services":{"gateway":"failed","vault":true,"net":"up"}}'),
    ("objects", 503, '{"services":{"a":{"status":"down","error":"x"},"b":{"status":{"status":"y"}},'
     '"c":{"reason":"z"},"d":false,"e":{"message":"\\u00e9\\n"}}}'),
    ("error", 500, '{"error":"sealed"}'), ("text", 502, "<html>Bad Gateway</html>"), ("empty", 404, ""),
]
# Lines of an answer's head.
HTTP_HEADERS = {
    "whole": ["HTTP/1.1 200 OK", "Content-Length: 1048576", 'ETag: "abc-1"',
              "Last-Modified: Wed, 21 Oct 2015 07:28:00 GMT", "Accept-Ranges: bytes"],
    "part": ["HTTP/1.1 206 Partial Content", "content-range: bytes 100-199/1048576", "Content-Length: 100",
             'ETag: W/"weak"'],
    "redirect": ["HTTP/1.1 302 Found", "Location: /there", "", "HTTP/2 200 ", "content-length:7"],
    "odd": ["HTTP/1.1 416 Range Not Satisfiable", "Content-Range: bytes */47022", "HTTP/1.1", "x", ": y"],
}
ADDRESSES = [
    "-", "/srv/a.krux", "http://updates.example/kruxos-1.0.1.krux", "https://user:word@host:8443/a/b.krux?token=x#y",
    "ftp://host/x", "HTTP://HOST", "http://a@b@c/@/", "://",
]
WORDS = [
    "gateway failed to start", "a\x1b[31mb\r\n\tc\u00e9\U0001f4a9\u202e", "2026-02-28T23:59:59Z",
    "9999-12-31T00:00:00Z",
    "aGVsbG8gd29ybGQ=", "00ff" * 16, "kruxos-1.0.1+build~2:x,y", " back\\slash  ",
]
JSON_TEXTS = [
    '[null,true,false,-0,12345678901234567890,1.5e-3,9223372036854775807,""]',
    '{"a":{"b":[{"c":"\\u00e9\\ud83d\\udca9\\b\\f\\n\\r\\t\\/\\\\\\""}]},"d":"\u00e9"}', " \t\n{ } ",
    "[[[[[[[[1]]]]]]]]",
]
# A role's file of a feed, and behind it the kind of role.
FEED_KEY = '"k":{"keytype":"ed25519","scheme":"ed25519","keyval":{"public":"%s"}}' % (
    "b49e60d3f467efaca6d1e95a30750444eeada4ca56d07947a2a566e729e58578")
FEED_HEAD = '"spec_version":"1.0.34","expires":"2030-01-01T00:00:00Z","version":'
FEED_HASHES = '"hashes":{"sha256":"%s"}' % ("00" * 32)
FEED_SIGNED = [
    '"_type":"root",' + FEED_HEAD + '2,"consistent_snapshot":true,"keys":{' + FEED_KEY + '},"roles":{' + ",".join(
        f'"{role}":{{"keyids":["k"],"threshold":1}}' for role in ["root", "timestamp", "snapshot", "targets"]) + "}",
    '"_type":"timestamp",' + FEED_HEAD + '1,"meta":{"snapshot.json":{"version":1,"length":9,' + FEED_HASHES + "}}",
    '"_type":"snapshot",' + FEED_HEAD + '1,"meta":{"targets.json":{"version":1},"r.json":{"version":3}}',
    '"_type":"targets",' + FEED_HEAD + '1,"targets":{"a/c":{"length":1,' + FEED_HASHES + ',"custom":{"a":1}}},'
    '"delegations":{"keys":{' + FEED_KEY + '},"roles":[{"name":"r","keyids":["k"],"threshold":1,"terminating":false,'
    '"paths":["a/*.krux","[!b]?/*"]},{"name":"s","keyids":[],"threshold":1,"terminating":true,'
    '"path_hash_prefixes":["fa06"]}]}',
    '"_type":"targets",' + FEED_HEAD + '1,"targets":{},"delegations":{"keys":{},"succinct_roles":{"keyids":["k"],'
    '"threshold":1,"bit_length":8,"name_prefix":"bin"}}',
]
FEED_METADATA = [
    '{"signatures":[{"keyid":"k","sig":"00"}],"signed":{' + signed + "}}" + str(min(kind, 3))
    for kind, signed in enumerate(FEED_SIGNED)
]

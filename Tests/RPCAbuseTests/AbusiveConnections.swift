/// The rows of the abuse table as what one connection sends, without a look at what it is answered.
enum AbusiveConnections {
    struct Row: Sendable {
        let name: String
        let bytes: [UInt8]
        /// Whether it reads what it is sent.
        var reads = true
        /// To the port with TLS.
        var isTLS = false
    }

    /// The port's own number of open streams is not passed; what ends a connection is the row itself.
    static let rows: [Row] = frames + fields + messages + handshakes

    private static func times(_ count: Int, _ frame: [UInt8]) -> [UInt8] {
        (0..<count).flatMap { _ in frame }
    }

    private static func streams(_ count: Int, _ body: (UInt32) -> [UInt8]) -> [UInt8] {
        Bytes.opening() + Bytes.streams(count).flatMap(body)
    }

    private static let frames: [Row] = [
        Row(name: "A1 pinned", bytes: Bytes.opening(window: 0) + Bytes.request("Flood", 1)),
        Row(
            name: "A1 unread",
            bytes: Bytes.opening(window: 1 << 30) + Bytes.windowUpdate(0, 1 << 30)
                + Bytes.request("Flood", 1), reads: false),
        Row(
            name: "A1 dribble",
            bytes: Bytes.opening(window: 0) + Bytes.request("Flood", 1)
                + times(1_100, Bytes.windowUpdate(1, 1))),
        Row(
            name: "A2", bytes: Bytes.opening() + times(500, Bytes.frame(6, 0, 0, times(8, [0])))),
        Row(
            name: "A3", bytes: streams(1_000) { Bytes.frame(2, 0, $0, Bytes.number($0 + 2) + [16]) }
        ),
        Row(
            name: "A4", bytes: streams(1_500) { Bytes.headers($0, [0x83, 0x86, 0x84]) },
            reads: false),
        Row(
            name: "A5", bytes: Bytes.opening() + times(500, Bytes.frame(Frame.settings, 0, 0, []))),
        Row(
            name: "A7",
            bytes: Bytes.opening() + Bytes.call("Collect", 1) + times(200, Bytes.data(1, []))
        ),
        Row(name: "A8", bytes: streams(1_000) { Bytes.request("Hold", $0) + Bytes.reset($0) }),
        Row(
            name: "A9 window",
            bytes: streams(60) {
                Bytes.call("Ignore", $0) + Bytes.data($0, Bytes.message())
                    + times(2, Bytes.windowUpdate($0, .max >> 1))
            }),
        Row(
            name: "A9 length",
            bytes: streams(60) {
                Bytes.call("Ignore", $0, extra: [("content-length", "6")])
                    + Bytes.data($0, Bytes.message()) + Bytes.data($0, [1, 2, 3], ends: true)
            }),
        Row(
            name: "A21",
            bytes: Bytes.opening() + times(1_000, Bytes.frame(0x10, 0, 0, [0, 0, 0, 1, 0x75]))),
        Row(
            name: "A22",
            bytes: Bytes.opening() + Bytes.request("Say", 1)
                + times(2, Bytes.windowUpdate(0, .max >> 1))
                + (0...12).flatMap { Bytes.frame(UInt8($0), 0x2d, 1, [0]) }),
        Row(
            name: "A22 health",
            bytes: streams(1_000) { stream in
                Bytes.headers(
                    stream, Bytes.block(Bytes.fields("/grpc.health.v1.Health/Check")))
                    + Bytes.data(stream, Bytes.message(), ends: true)
            }),
    ]

    private static let fields: [Row] = {
        let call = Bytes.block(Bytes.fields(Victim.say.path))
        let large =
            [0x40] + Bytes.string("x-large") + Bytes.string(String(repeating: "v", count: 3_000))
        let crumb = [0x40] + Bytes.string("cookie") + Bytes.string("a=b")
        func bomb(_ stored: [UInt8]) -> [UInt8] {
            streams(8) { Bytes.headers($0, call + ($0 == 1 ? stored : []) + times(12_000, [0xBE])) }
        }
        return [
            Row(
                name: "A6",
                bytes: streams(40) { Bytes.headers($0, call + Bytes.block([("", "x")])) }),
            Row(
                name: "A10",
                bytes: Bytes.opening() + Bytes.frame(Frame.headers, 1, 1, call)
                    + times(2_000, Bytes.frame(9, 0, 1, []))),
            Row(name: "A11", bytes: bomb(large)), Row(name: "A12", bytes: bomb(crumb)),
            Row(name: "A13 silent", bytes: []), Row(name: "A13 mute", bytes: Bytes.preface),
            Row(
                name: "A13 slow", bytes: Bytes.opening() + Bytes.frame(Frame.headers, 1, 1, call)),
            Row(
                name: "A18",
                bytes: streams(40) { Bytes.call("Say", $0, extra: [("transfer-encoding", "x")]) }),
            Row(
                name: "A19",
                bytes: streams(200) {
                    Bytes.headers(
                        $0, Bytes.block(Bytes.fields("/bench.v1.Echo/../x%2f")), ends: true)
                }),
            Row(
                name: "A20",
                bytes: streams(200) {
                    Bytes.headers($0, Bytes.block(Bytes.fields("/x%0d%0aset-cookie:")), ends: true)
                }),
        ]
    }()

    private static let messages: [Row] = [
        Row(
            name: "A14 lie",
            bytes: streams(90) {
                Bytes.call("Say", $0) + Bytes.data($0, [0, 0x7f, 0xff, 0xff, 0xff])
            }
        ),
        Row(
            name: "A14 slow",
            bytes: streams(90) { Bytes.call("Say", $0) + Bytes.data($0, [0, 0, 0, 0, 100, 1]) }),
        Row(
            name: "A14 prefix",
            bytes: streams(60) {
                Bytes.call("Say", $0) + Bytes.data($0, [9, 0, 0, 0, 0], ends: true)
            }
        ),
        Row(
            name: "A15",
            bytes: streams(8) {
                Bytes.call("Say", $0, extra: [("grpc-encoding", "gzip")])
                    + Bytes.data($0, Bytes.message(GzipBomb.bytes, flag: 1), ends: true)
            }),
    ]

    private static let handshakes: [Row] = [
        Row(name: "A16", bytes: [], isTLS: true),
        Row(
            name: "A17", bytes: HandshakeTests.clientHello(suites: [0x00, 0x2f]), isTLS: true),
    ]
}

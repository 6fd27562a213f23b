import NIOPosix
import RPC
import RPCTransport
import RawHTTP2
import Synchronization
import Testing

/// The requirements on clients, against a server that answers by hand.
@Suite("Requirements on clients", .serialized)
struct ClientTests {
    @Test("P1 P2 P4 P5 P35 what a client sends, and in which order")
    func head() async throws {
        try await Stage.open { stage in
            let options = CallOptions(
                deadline: .after(.seconds(5)), metadata: ["note": "1", "traceparent": "00-a-b-01"])
            let call = stage.call(ProbeService.hold, options)
            let (stream, request) = try await stage.server.request()
            let names = request.headers.map(\.name)
            #expect(
                names == [
                    ":method", ":scheme", ":authority", ":path", "grpc-timeout", "te", "user-agent",
                    "content-type", "grpc-accept-encoding", "note", "traceparent",
                ])
            #expect(request.value(":method") == "POST")
            #expect(request.value(":scheme") == "http")
            #expect(request.value(":path") == "/test.Probe/Hold")
            #expect(request.value("te") == "trailers")
            #expect(request.value("content-type") == "application/grpc+assay")
            let agent = try #require(request.value("user-agent"))
            #expect(agent.hasPrefix("grpc-swift-assay/"))
            #expect(request.value("traceparent") == "00-a-b-01")
            await stage.server.answer(stream)
            _ = try await call.value
        }
    }

    @Test("P6 a deadline goes out as at most eight digits and a unit")
    func timeout() async throws {
        try await Stage.open { stage in
            for seconds in [1, 59] {
                let call = stage.call(
                    ProbeService.hold, CallOptions(deadline: .after(.seconds(seconds))))
                let (stream, request) = try await stage.server.request()
                let value = try #require(request.value("grpc-timeout"))
                #expect(value.count <= 9)
                #expect(UInt32(value.dropLast()) != nil)
                #expect("HMSmun".contains(value.suffix(1)))
                await stage.server.answer(stream)
                _ = try await call.value
            }
        }
    }

    @Test("P9 reserved names in the caller's metadata are dropped")
    func reserved() async throws {
        try await Stage.open { stage in
            let options = CallOptions(metadata: [
                "grpc-status": "0", "grpc-invented": "1", "te": "x", "content-type": "text/plain",
                "note": "kept",
            ])
            let call = stage.call(ProbeService.hold, options)
            let (stream, request) = try await stage.server.request()
            let names = request.headers.map(\.name)
            #expect(!names.contains("grpc-status") && !names.contains("grpc-invented"))
            let once = names.filter { ["te", "content-type"].contains($0) }
            #expect(once == ["te", "content-type"])
            #expect(request.value("note") == "kept")
            await stage.server.answer(stream)
            _ = try await call.value
        }
    }

    @Test(
        "P10 a name that no peer takes fails the call before anything is sent",
        arguments: ["no te", ":path", "no!te", "n\u{F6}te", ""])
    func names(_ name: String) async throws {
        try await Stage.open { stage in
            var metadata = Metadata()
            metadata.append(name, "1")
            let call = stage.call(ProbeService.hold, CallOptions(metadata: metadata))
            let error = await #expect(throws: RPCError.self) { try await call.value }
            #expect(error?.code == .internal)
            let next = stage.call()
            let (stream, _) = try await stage.server.request()
            #expect(stream == 1)
            await stage.server.answer(stream)
            _ = try await next.value
        }
    }

    @Test("P11 a value that could forge a header cannot")
    func forged() async throws {
        try await Stage.open { stage in
            let options = CallOptions(metadata: ["note": "a\r\nevil: 1\u{0}"])
            let call = stage.call(ProbeService.hold, options)
            let (stream, request) = try await stage.server.request()
            #expect(request.value("note")?.hasPrefix("a  evil: 1") == true)
            #expect(request.value("evil") == nil)
            await stage.server.answer(stream)
            _ = try await call.value
        }
    }

    @Test("P20 P21 a reply of no message, of two, or of half a one is no reply")
    func cardinality() async throws {
        try await Stage.open { (stage: Stage) async throws in
            func outcome(_ body: [UInt8]) async throws -> StatusCode? {
                try await stage.outcome { stream in
                    [
                        .headers(stream, RawServer.headers), .data(stream, body),
                        .headers(stream, Stage.block(Field("grpc-status", "0")), ends: true),
                    ]
                }?.code
            }
            #expect(try await outcome([]) == .unimplemented)
            #expect(try await outcome([0, 0, 0, 0, 0, 0, 0, 0, 0, 0]) == .unimplemented)
            #expect(try await outcome([0, 0, 0, 0, 5, 1]) == .internal)
            #expect(try await outcome([2, 0, 0, 0, 0]) == .internal)
            #expect(try await outcome([0, 0, 0, 0, 0]) == nil)
        }
    }

    @Test("P25 a status message is decoded, and a bad escape stays as it is")
    func message() async throws {
        try await Stage.open { stage in
            for (sent, read) in [
                ("50%25 caf%C3%A9", "50% caf\u{E9}"), ("100% %zz%4", "100% %zz%4"),
            ] {
                let error = try await stage.outcome { stream in
                    let status = Stage.block(
                        Field("grpc-status", "10"), Field("grpc-message", sent))
                    return [.headers(stream, RawServer.headers + status, ends: true)]
                }
                #expect(error?.code == .aborted)
                #expect(error?.message.hasSuffix(read) == true)
            }
        }
    }

    static let http: [(Int, StatusCode)] = [
        (400, .internal), (401, .unauthenticated), (403, .permissionDenied),
        (404, .unimplemented), (429, .unavailable), (431, .internal), (502, .unavailable),
        (503, .unavailable), (504, .unavailable), (200, .unknown), (202, .unknown),
        (405, .unknown), (500, .unknown), (599, .unknown),
    ]

    @Test("P26 without a status that of HTTP decides", arguments: http)
    func missingStatus(http: Int, code: StatusCode) async throws {
        try await Stage.open { stage in
            let whole = try await stage.outcome { stream in
                [
                    .headers(stream, Stage.block(Field(":status", "\(http)"))),
                    .data(stream, Array("<html>".utf8), ends: true),
                ]
            }
            #expect(whole?.code == code)
            let headersOnly = try await stage.outcome { stream in
                [.headers(stream, Stage.block(Field(":status", "\(http)")), ends: true)]
            }
            #expect(headersOnly?.code == code)
        }
    }

    static let resets: [(UInt32, StatusCode)] = [
        (0, .internal), (1, .internal), (2, .internal), (3, .internal), (4, .internal),
        (5, .internal), (6, .internal), (7, .unavailable), (8, .cancelled), (9, .internal),
        (10, .internal), (11, .resourceExhausted), (12, .permissionDenied),
    ]

    @Test("P26 a reset stream's code decides", arguments: resets)
    func reset(code: UInt32, status: StatusCode) async throws {
        try await Stage.open { stage in
            let call = stage.call()
            // What was refused is sent again, once.
            for _ in 0..<(code == 7 ? 2 : 1) {
                let (stream, _) = try await stage.server.request()
                await stage.server.send(.reset(stream, ErrorCode(rawValue: code)))
            }
            let error = await #expect(throws: RPCError.self) { try await call.value }
            #expect(error?.code == status)
        }
    }

    @Test("P26 blocks with 1xx are skipped; what grpc-status says counts before HTTP's")
    func informational() async throws {
        try await Stage.open { stage in
            let call = stage.call()
            let (stream, _) = try await stage.server.request()
            await stage.server.send(
                .headers(stream, Stage.block(Field(":status", "103"), Field("link", "x"))),
                .headers(stream, Stage.block(Field(":status", "100"))))
            await stage.server.answer(stream)
            _ = try await call.value
            let error = try await stage.outcome { stream in
                let fields = [Field(":status", "503"), Field("grpc-status", "9")]
                return [.headers(stream, HPACK.block(fields), ends: true)]
            }
            #expect(error?.code == .failedPrecondition)
        }
    }

    @Test("P26 a status that is no number is UNKNOWN", arguments: ["x", "", "-1", "17", "99999"])
    func strangeStatus(_ value: String) async throws {
        try await Stage.open { stage in
            let error = try await stage.outcome { stream in
                let status = Stage.block(Field("grpc-status", value))
                return [.headers(stream, RawServer.headers + status, ends: true)]
            }
            #expect(error?.code == .unknown)
        }
    }

    @Test("P27 a reply before the end of the request: the client resets with NO_ERROR")
    func earlyReply() async throws {
        let settings = Frame.settings((.initialWindowSize, 10))
        try await Stage.open(settings: settings) { stage in
            let call = stage.call(payload: Array(repeating: 7, count: 1_000))
            let (stream, _, _) = try await stage.server.requestHead()
            await stage.server.answer(stream)
            _ = try await call.value
            #expect(try await stage.server.streamError(stream) == .noError)
        }
    }

    @Test("P28 a cancelled call: CANCEL on the wire, CANCELLED here, late trailers ignored")
    func cancelled() async throws {
        try await Stage.open { stage in
            let call = stage.call()
            let (stream, _) = try await stage.server.request()
            call.cancel()
            let error = await #expect(throws: RPCError.self) { try await call.value }
            #expect(error?.code == .cancelled)
            #expect(try await stage.server.streamError(stream) == .cancel)
            await stage.server.answer(stream)
            let next = stage.call()
            await stage.server.answer(try await stage.server.request().stream)
            _ = try await next.value
        }
    }

    @Test("P28 a passed deadline: CANCEL on the wire, DEADLINE_EXCEEDED here")
    func deadline() async throws {
        try await Stage.open { stage in
            let call = stage.call(
                ProbeService.hold, CallOptions(deadline: .after(.milliseconds(30))))
            let (stream, _) = try await stage.server.request()
            let error = await #expect(throws: RPCError.self) { try await call.value }
            #expect(error?.code == .deadlineExceeded)
            #expect(try await stage.server.streamError(stream) == .cancel)
        }
    }

    @Test("P30 a call above GOAWAY's last stream is sent again elsewhere, one below finishes")
    func goAway() async throws {
        let listener = try await RawListener()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let client = try RPCClient("127.0.0.1:\(listener.port)", group: group)
        func call() -> Task<EchoMessage, any Error> {
            Task { try await client.unary(ProbeService.hold, EchoMessage()) }
        }
        var calls = [call()]
        let first = try await RawServer(listener)
        var streams = [try await first.request().stream]
        calls.append(call())
        streams.append(try await first.request().stream)
        await first.send(.goAway(last: streams[0], .noError))
        let second = try await RawServer(listener)
        await second.answer(try await second.request().stream)
        await first.answer(streams[0])
        for call in calls { _ = try await call.value }
        await client.close()
        await listener.close()
        try await group.shutdownGracefully()
    }

    @Test("P31 a lost connection is UNAVAILABLE; a PING is echoed")
    func lost() async throws {
        try await Stage.open { stage in
            let call = stage.call()
            _ = try await stage.server.request()
            try await stage.server.ping()
            await stage.server.close()
            let error = await #expect(throws: RPCError.self) { try await call.value }
            #expect(error?.code == .unavailable)
        }
    }

    @Test("P34 a further attempt says how many there were; pushback is obeyed")
    func attempts() async throws {
        try await Stage.open { stage in
            let call = stage.call(ProbeService.say)
            let (stream, first) = try await stage.server.request()
            #expect(first.value("grpc-previous-rpc-attempts") == nil)
            let pushback = Stage.block(
                Field("grpc-status", "14"), Field("grpc-retry-pushback-ms", "1"))
            await stage.server.send(.headers(stream, RawServer.headers + pushback, ends: true))
            let (again, second) = try await stage.server.request()
            #expect(second.value("grpc-previous-rpc-attempts") == "1")
            let stop = Stage.block(
                Field("grpc-status", "14"), Field("grpc-retry-pushback-ms", "-1"))
            await stage.server.send(.headers(again, RawServer.headers + stop, ends: true))
            let error = await #expect(throws: RPCError.self) { try await call.value }
            #expect(error?.code == .unavailable)
        }
    }

    @Test("P37 a call ends once, whatever a server sends behind its end")
    func once() async throws {
        try await Stage.open { stage in
            let call = stage.call()
            let (stream, _) = try await stage.server.request()
            await stage.server.send(
                .headers(
                    stream, RawServer.headers + Stage.block(Field("grpc-status", "5")), ends: true),
                .reset(stream, .internalError))
            let error = await #expect(throws: RPCError.self) { try await call.value }
            #expect(error?.code == .notFound)
            let next = stage.call()
            await stage.server.answer(try await stage.server.request().stream)
            _ = try await next.value
        }
    }
}

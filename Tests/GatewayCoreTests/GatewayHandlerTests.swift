import RPC
import Testing

@testable import GatewayCore

@Suite struct GatewayHandlerTests {
    private func handler(_ upstream: FakeUpstream, log: AccessLog) throws -> GatewayHandler {
        GatewayHandler(
            serving: try Fixtures.serving(upstream), limits: GatewayLimits(capacity: 16, seed: 1),
            clock: GatewayClock(
                now: { Instant(nanoseconds: 2_000_000) }, unixMilliseconds: { 2_000_000 }),
            log: log, counters: GatewayCounters(), seed: 7)
    }

    /// What a connection does with a request that has arrived whole.
    private func call(
        _ handler: GatewayHandler, _ head: RequestHead, body: [UInt8]
    ) async throws -> RawReply {
        var admission = handler.admit(head, from: Fixtures.peer)
        while case .wait(let pending) = admission { admission = await pending.decision() }
        switch admission {
        case .wait: throw CancellationError()
        case .refuse(let reply, _): return reply
        case .accept(let acceptance):
            return body.withUnsafeBytes { bytes in
                let request = InboundRequest(
                    head: head, acceptance: acceptance, peer: Fixtures.peer, body: bytes)
                if !acceptance.isForwarded {
                    guard case .reply(.raw(let refusal)) = handler.handle(request) else {
                        return RawReply(status: 0, headers: Metadata())
                    }
                    return refusal
                }
                let caller = FakeCaller()
                let call = handler.forward(request, to: caller)
                if !bytes.isEmpty { call.received(bytes) }
                call.receivedEnd()
                #expect(caller.consumed == bytes.count)
                return caller.reply ?? RawReply(status: 0, headers: Metadata())
            }
        }
    }

    @Test(
        "bytes, status, trailers and details pass unchanged in both directions, whatever they are")
    func forwarding() async throws {
        let trailers: Metadata = [
            "grpc-status": "9", "grpc-message": "%E2%82%AC", "grpc-status-details-bin": "AAE",
            "custom": "x",
        ]
        let answer = RawReply(
            status: 200, headers: ["content-type": "application/grpc+assay"],
            body: [0, 0, 0, 0, 2, 0xFF, 0x01], trailers: trailers)
        let upstream = FakeUpstream { _ in answer }
        let log = AccessLog()
        let body: [UInt8] = [0, 0, 0, 0, 3, 0xDE, 0xAD, 0x00]
        let reply = try await call(try handler(upstream, log: log), Fixtures.head(), body: body)
        #expect(reply.body == answer.body && reply.trailers == trailers && reply.status == 200)
        let request = try #require(upstream.requests.first)
        #expect(request.body == body && request.target == Fixtures.assess.path)
        #expect(request.headers["assay-tenant"] == "bank" && request.headers["x-api-key"] == nil)
        #expect(request.idempotency == Fixtures.assess.idempotency)
        #expect(upstream.deadlines == [Deadline(Instant(nanoseconds: 51_000_000))])
        let line = String(decoding: log.drain().bytes, as: UTF8.self)
        #expect(line.contains("\"status\":\"FAILED_PRECONDITION\"") && line.hasSuffix("}\n"))
        #expect(!line.contains(Fixtures.key(1).text))
    }

    @Test("an unreachable service is UNAVAILABLE, 503 on the JSON face")
    func unreachable() async throws {
        let upstream = FakeUpstream { _ in
            throw RPCError(.unavailable, "10.0.0.7:7002: connect refused")
        }
        let log = AccessLog()
        let handler = try handler(upstream, log: log)
        let grpc = try await call(handler, Fixtures.head(), body: [0, 0, 0, 0, 0])
        let error = RPCError(trailers: grpc.headers)
        #expect(grpc.status == 200 && error?.code == .unavailable)
        #expect(error?.reason == "UPSTREAM_LOST" && error?.message.contains("10.0.0.7") == false)
        #expect(String(decoding: log.drain().bytes, as: UTF8.self).contains("10.0.0.7:7002"))
        let json = try await call(
            handler, Fixtures.head(type: "application/json"), body: Array("{}".utf8))
        #expect(json.status == 503 && json.headers["cache-control"] == "no-store")
        #expect(json.headers["ratelimit"] != nil)
    }

    @Test("a service that is late is DEADLINE_EXCEEDED, and a foreign error tells nothing")
    func failures() async throws {
        struct Secret: Error, CustomStringConvertible { let description = "secret detail" }
        let late = FakeUpstream { _ in throw RPCError(.deadlineExceeded, "late") }
        let first = try await call(
            try handler(late, log: AccessLog()), Fixtures.head(), body: [])
        #expect(RPCError(trailers: first.headers)?.code == .deadlineExceeded)
        let odd = FakeUpstream { _ in throw Secret() }
        let second = try await call(
            try handler(odd, log: AccessLog()), Fixtures.head(type: "application/json"), body: [])
        #expect(second.status == 503)
        #expect(!String(decoding: second.body, as: UTF8.self).contains("secret"))
    }

    @Test("a refused request never reaches the service and is written down")
    func refused() async throws {
        let upstream = FakeUpstream { _ in RawReply(status: 200, headers: Metadata()) }
        let log = AccessLog()
        let handler = try handler(upstream, log: log)
        let reply = try await call(handler, Fixtures.head(key: nil), body: [1])
        #expect(RPCError(trailers: reply.headers)?.code == .unauthenticated)
        #expect(upstream.requests.isEmpty)
        let line = String(decoding: log.drain().bytes, as: UTF8.self)
        #expect(
            line.contains("\"reason\":\"NO_CREDENTIALS\"")
                && line.contains("\"stage\":\"authenticate\""))
    }

    @Test("a refusal overtakes a gRPC request, and waits for an HTTP client to have spoken")
    func refusalTiming() async throws {
        let handler = try handler(
            FakeUpstream { _ in RawReply(status: 200, headers: Metadata()) }, log: AccessLog())
        guard case .refuse = handler.admit(Fixtures.head(key: nil), from: Fixtures.peer) else {
            Issue.record("a gRPC request is refused at once")
            return
        }
        for type in ["application/json", "text/plain"] {
            let head = Fixtures.head(type: type, key: nil)
            guard case .accept(let terms) = handler.admit(head, from: Fixtures.peer) else {
                Issue.record("an HTTP request is heard out")
                return
            }
            #expect(terms.maximumBytes == 64 << 10 && terms.deadline < .none)
            let reply = try await call(handler, head, body: [1])
            #expect(reply.status == (type == "text/plain" ? 415 : 401))
        }
    }

    @Test("a body above its limit is 413 on the JSON face and RESOURCE_EXHAUSTED on the other")
    func tooLarge() throws {
        let handler = try handler(
            FakeUpstream { _ in RawReply(status: 200, headers: Metadata()) }, log: AccessLog())
        let error = RPCError(.resourceExhausted, "too large", reason: "MESSAGE_TOO_LARGE")
        let json = handler.reply(to: Fixtures.head(type: "application/json"), for: error)
        #expect(json.status == 413)
        let grpc = handler.reply(to: Fixtures.head(), for: error)
        #expect(grpc.status == 200 && RPCError(trailers: grpc.headers)?.code == .resourceExhausted)
    }

    @Test("a caller cannot forge a line of the log, and a full log drops instead of growing")
    func logLines() throws {
        var entry = AccessLogEntry()
        entry.requestID = "a\"\n{\"forged\":true}\u{7F}\\"
        let log = AccessLog(capacity: 1)
        log.append(entry, unixMilliseconds: 5)
        log.append(entry, unixMilliseconds: 6)
        let (bytes, dropped) = log.drain()
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.filter { $0 == "\n" }.count == 1 && dropped == 1)
        #expect(text.contains(#""request_id":"a\"\u000a{\"forged\":true}\u007f\\""#))
        #expect(log.drain().bytes.isEmpty)
    }
}

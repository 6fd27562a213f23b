import Foundation
import RPC
import Synchronization
import Testing

@testable import GatewayCore

@Suite struct RequestMetricsTests {
    private static let reply = RawReply(
        status: 200, headers: ["content-type": "application/grpc"], body: [0, 0, 0, 0, 0],
        trailers: ["grpc-status": "0"])

    private func handler(
        _ counters: GatewayCounters, _ log: AccessLog
    ) throws -> GatewayHandler {
        let time = TickingClock()
        return GatewayHandler(
            serving: try Fixtures.serving(FakeUpstream { _ in Self.reply }),
            limits: GatewayLimits(capacity: 16, seed: 1),
            clock: GatewayClock(now: { time.next() }, unixMilliseconds: { 2_000_000 }), log: log,
            counters: counters, seed: 7)
    }

    /// Each look is a microsecond after the one before.
    private final class TickingClock: Sendable {
        private let state = Mutex(UInt64(2_000_000))

        func next() -> Instant {
            state.withLock { time in
                time += 1_000
                return Instant(nanoseconds: time)
            }
        }
    }

    private func call(_ handler: GatewayHandler, _ head: RequestHead) {
        guard case .accept(let acceptance) = handler.admit(head, from: Fixtures.peer),
            acceptance.isForwarded
        else { return }
        [UInt8]().withUnsafeBytes { bytes in
            let request = InboundRequest(
                head: head, acceptance: acceptance, peer: Fixtures.peer, body: bytes)
            handler.forward(request, to: FakeCaller()).receivedEnd()
        }
    }

    private func lines(_ log: AccessLog) throws -> [[String: Any]] {
        try String(decoding: log.drain().bytes, as: UTF8.self).split(separator: "\n").map {
            try #require(
                try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
    }

    @Test("requests are counted by method, face, status and reason, known methods and others")
    func requests() throws {
        for methods in [Fixtures.methods, []] {
            let counters = GatewayCounters(methods: methods)
            let handler = try handler(counters, AccessLog())
            for _ in 0..<3 { call(handler, Fixtures.head()) }
            call(handler, Fixtures.head(type: "application/json"))
            call(handler, Fixtures.head(Fixtures.read.path, method: "GET", type: nil))
            call(handler, Fixtures.head(key: nil))
            call(handler, Fixtures.head("/nobody/knows", type: "application/json"))
            let counts = counters.all().map { entry in
                "\(entry.key.method) \(entry.key.face) \(entry.key.status) \(entry.key.reason)"
                    + " \(entry.count)"
            }
            #expect(
                counts == [
                    " json UNIMPLEMENTED UNKNOWN_METHOD 1",
                    "\(Fixtures.assess.path) grpc OK  3",
                    "\(Fixtures.assess.path) grpc UNAUTHENTICATED NO_CREDENTIALS 1",
                    "\(Fixtures.assess.path) json OK  1",
                    "\(Fixtures.read.path) json OK  1",
                ])
        }
    }

    @Test("credentials are counted by kind and result, with what finding out took")
    func credentials() throws {
        let counters = GatewayCounters(methods: Fixtures.methods)
        let handler = try handler(counters, AccessLog())
        call(handler, Fixtures.head())
        call(handler, Fixtures.head(key: Fixtures.key(Fixtures.Special.expired.rawValue).text))
        call(handler, Fixtures.head(key: "assay1_nonsense"))
        call(handler, Fixtures.head(key: nil))
        // Public methods ask for nothing.
        call(handler, Fixtures.head(Fixtures.open.path, key: nil))
        let counts = counters.authentication.all.map { "\($0.kind) \($0.result) \($0.count)" }
        #expect(
            counts == [
                "none NO_CREDENTIALS 1", "api_key ok 1", "api_key BAD_CREDENTIALS 1",
                "api_key EXPIRED 1",
            ])
        let times = counters.authentication.times.filter { !$0.latency.isEmpty }
        #expect(times.map { "\($0.kind) \($0.cache)" } == ["api_key none"])
        // Three looks of a microsecond each.
        #expect(times.first?.latency.all.first == 3)
        #expect(abs((times.first?.latency.sum ?? 0) - 3e-6) < 1e-12)
    }

    @Test(
        "a line says what was shown, how long it took, which limit refused, how often it was sent")
    func fields() throws {
        let log = AccessLog()
        let handler = try handler(GatewayCounters(), log)
        for _ in 0..<101 { call(handler, Fixtures.head()) }
        let all = try lines(log)
        let (first, last) = (try #require(all.first), try #require(all.last))
        #expect(first["credential"] as? String == "api_key" && first["auth_us"] as? Int == 1)
        #expect(first["limit_us"] as? Int == 0 && first["attempts"] != nil)
        #expect(first["rule"] == nil)
        #expect(last["reason"] as? String == "RATE_LIMITED" && last["rule"] as? String == "client")
        #expect(last["attempts"] == nil)
    }

    @Test("the use of a key that is no good any more is written down with its public name")
    func keyIDs() throws {
        let log = AccessLog()
        let handler = try handler(GatewayCounters(), log)
        let revoked = Fixtures.key(Fixtures.Special.revoked.rawValue)
        call(handler, Fixtures.head(key: revoked.text))
        call(handler, Fixtures.head(key: "assay1_nonsense"))
        let all = try lines(log)
        #expect(all.map { $0["detail"] as? String } == ["revoked", "malformed"])
        #expect(all.map { $0["key_id"] as? String } == [revoked.id, nil])
    }

    @Test("a request that its connection ends is written down with name, peer and method")
    func endedByConnection() throws {
        let log = AccessLog()
        let handler = try handler(GatewayCounters(), log)
        let late = RPCError(.deadlineExceeded, "too late", reason: "TOO_SLOW")
        let named = handler.reply(
            to: Fixtures.head(extra: [("x-request-id", "mine")]), for: late, from: Fixtures.peer)
        #expect(named.headers["assay-request-id"] == "mine")
        #expect(RPCError(trailers: named.headers)?.code == .deadlineExceeded)
        let unnamed = handler.reply(
            to: Fixtures.head("/nobody/knows", type: "application/json"),
            for: RPCError(.resourceExhausted, "large", reason: "MESSAGE_TOO_LARGE"),
            from: Fixtures.peer)
        #expect(unnamed.status == 413)
        let all = try lines(log)
        #expect(all[0]["request_id"] as? String == "mine")
        #expect(all[0]["method"] as? String == Fixtures.assess.path)
        #expect(all[0]["peer_ip"] as? String == "192.0.2.1")
        #expect((all[1]["request_id"] as? String)?.hasPrefix("r-") == true)
        #expect(all[1]["method"] as? String == "unknown" && all[1]["http"] as? Int == 413)
    }
}

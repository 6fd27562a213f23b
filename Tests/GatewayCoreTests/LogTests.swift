import Foundation
import RPC
import Testing

@testable import GatewayCore

@Suite struct LogTests {
    private func fields(_ bytes: [UInt8]) throws -> [String: Any] {
        let value = try JSONSerialization.jsonObject(with: Data(bytes))
        return try #require(value as? [String: Any])
    }

    @Test("a line of the access log has every field that the design names")
    func fields() throws {
        var entry = AccessLogEntry()
        entry.ended = Instant(nanoseconds: 5_000_000)
        entry.requestID = "r-1"
        entry.trace = TraceContext(
            traceHigh: 0x0af7_6519_16cd_43dd, traceLow: 0x8448_eb21_1c80_319c, spanID: 1,
            isSampled: false)
        entry.listener = "public"
        entry.peer = "[2001:db8::1]:40112"
        entry.isEncrypted = true
        entry.face = .json
        entry.method = Fixtures.assess.path
        (entry.tenant, entry.client) = ("bank", "payments")
        (entry.credentialKind, entry.keyID) = (.apiKey, "abcdefghijkl")
        (entry.status, entry.http) = (.resourceExhausted, 429)
        (entry.stage, entry.reason, entry.rule) = (.limit, "RATE_LIMITED", "client")
        entry.authenticationNanoseconds = 3_999
        (entry.hasLimit, entry.limitNanoseconds) = (true, 400_000)
        entry.upstreamTime = .milliseconds(2)
        (entry.upstream, entry.attempts) = ("risk", 1)
        (entry.bytesIn, entry.bytesOut) = (10, 20)
        entry.criticality = .critical
        entry.idempotencyKeyHash = "00ff"
        var bytes: [UInt8] = []
        entry.write(to: &bytes, unixMilliseconds: 1_732_312_345_678)
        let line = try fields(bytes)
        let names = """
            ts request_id trace_id listener peer_ip tls face method tenant client credential key_id \
            status http reason rule duration_us auth_us limit_us upstream_us upstream bytes_in \
            bytes_out attempts criticality idempotency_key_hash
            """
        for name in names.split(separator: " ") { #expect(line[String(name)] != nil, "\(name)") }
        #expect(line["ts"] as? String == "2024-11-22T21:52:25.678Z")
        #expect(line["peer_ip"] as? String == "2001:db8::1")
        #expect(line["duration_us"] as? Int == 5000 && line["upstream_us"] as? Int == 2000)
        #expect(line["auth_us"] as? Int == 3 && line["limit_us"] as? Int == 400)
        #expect(line["credential"] as? String == "api_key")
    }

    private static func time(_ unixMilliseconds: Int64) -> String {
        var bytes: [UInt8] = []
        LogTime.write(unixMilliseconds, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("moments agree with Foundation's")
    func times() {
        var random = TestRandom(state: 3)
        let format = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        for _ in 0..<2000 {
            let seconds = Int64.random(in: 0..<253_402_300_800, using: &random)
            let date = Date(timeIntervalSince1970: TimeInterval(seconds))
            #expect(Self.time(seconds * 1000) == date.formatted(format))
        }
        #expect(Self.time(-1) == "1970-01-01T00:00:00.000Z")
    }

    @Test("CR LF cannot forge a log line")
    func forging() throws {
        for text in [
            "\r\n{}", "\"", "\\", "\u{0}", "\u{7F}", "\u{2028}\u{2029}", "é€😀", "\u{1B}[2J",
        ] {
            var entry = AccessLogEntry()
            (entry.requestID, entry.detail, entry.peer) = (text, text, text)
            var bytes: [UInt8] = []
            entry.write(to: &bytes, unixMilliseconds: 5)
            let output = String(decoding: bytes, as: UTF8.self)
            #expect(output.dropLast().allSatisfy { !$0.isNewline } && output.hasSuffix("}\n"))
            let line = try fields(bytes)
            #expect(line["request_id"] as? String == text && line["detail"] as? String == text)
        }
    }

    @Test("a failed login and a refused scope are events, other calls are not")
    func security() throws {
        var entry = AccessLogEntry()
        #expect(SecurityEvent(entry) == nil)
        (entry.stage, entry.reason, entry.detail) = (.authenticate, "BAD_CREDENTIALS", "revoked")
        entry.peer = "192.0.2.1:5"
        let log = SecurityLog()
        log.append(try #require(SecurityEvent(entry)), unixMilliseconds: 0)
        let line = try fields(log.drain().bytes)
        #expect(
            line["event"] as? String == "login_failed" && line["detail"] as? String == "revoked")
        #expect(line["peer_ip"] as? String == "192.0.2.1")
        entry.stage = .authorize
        #expect(SecurityEvent(entry)?.kind == .refused)
        entry.stage = .limit
        #expect(SecurityEvent(entry) == nil)
    }

    @Test("what a full disk did not take is written later, in order, and no line is torn")
    func carrier() {
        let log = SecurityLog(capacity: 4096)
        var carrier = LogCarrier()
        var (file, room) = ([UInt8](), 0)
        func carry() -> Bool {
            carrier.carry(from: log) { bytes in
                guard room > 0 else { return nil }
                let part = bytes.prefix(min(room, 7))
                file += part
                room -= part.count
                return part.count
            }
        }
        var event = SecurityEvent(.configurationChanged)
        for number in 0..<5 {
            event.hash = "\(number)"
            log.append(event, unixMilliseconds: 0)
            #expect(!carry())
            room += 20
        }
        room = 10_000
        #expect(carry() && carrier.isEmpty)
        let lines = String(decoding: file, as: UTF8.self).split(separator: "\n")
        #expect(lines.count == 5)
        for (number, line) in lines.enumerated() {
            #expect(line.contains("\"hash\":\"\(number)\""))
        }
    }

    @Test("methods marked audit: required wait for the log, others are served")
    func audit() throws {
        let text = Fixtures.yaml.replacing(
            "upstream: risk }",
            with: "upstream: risk, methods: { AssessTransaction: { audit: required } } }")
        let snapshot = try Fixtures.loader(["/etc/gateway.yaml": text]).load("/etc/gateway.yaml")
        let gate = AuditGate()
        func reason(_ method: MethodDescriptor) -> String {
            var pipeline = RequestPipeline(
                snapshot: snapshot, limits: GatewayLimits(capacity: 16, seed: 1), audit: gate)
            _ = pipeline.received(
                Fixtures.head(method.path), from: Fixtures.peer, Fixtures.surroundings())
            return pipeline.log.reason
        }
        #expect(reason(Fixtures.assess) == "")
        #expect(gate.note("access", isWritten: false) && !gate.note("access", isWritten: false))
        #expect(reason(Fixtures.assess) == "AUDIT_UNAVAILABLE" && reason(Fixtures.read) == "")
        #expect(gate.note("access", isWritten: true))
        #expect(reason(Fixtures.assess) == "")
    }
}

import RPC
import Synchronization
import Testing

@testable import GatewayCore

/// Files that a test changes while a gateway looks at them.
final class ChangingFiles: Sendable {
    private let texts: Mutex<[String: String]>

    init() {
        texts = Mutex([
            "/etc/gateway.yaml": Fixtures.yaml,
            "/etc/keys.yaml": APIKeyFile(entries: Fixtures.Special.allCases.map(Fixtures.entry))
                .yaml,
            "/etc/pepper-1": String(decoding: Fixtures.pepperSecret, as: UTF8.self),
        ])
    }

    subscript(name: String) -> String? {
        get { texts.withLock { $0[name] } }
        set { texts.withLock { $0[name] = newValue } }
    }

    func replace(_ part: String, _ other: String, in name: String = "/etc/gateway.yaml") {
        let old = self[name] ?? ""
        self[name] = old.replacing(part, with: other)
        #expect(self[name] != old, "nothing was replaced")
    }

    func read(_ name: String) throws -> [UInt8] {
        guard let text = self[name] else { throw Fixtures.MissingFile(name: name) }
        return Array(text.utf8)
    }

    func reloader() throws -> (ConfigurationReloader, GatewaySnapshot) {
        let record = FileRecord { try self.read($0) }
        let snapshot = try Self.loader(record).load("/etc/gateway.yaml")
        let reloader = ConfigurationReloader(
            file: "/etc/gateway.yaml", current: snapshot, record: record, makeLoader: Self.loader)
        return (reloader, snapshot)
    }

    private static func loader(_ record: FileRecord) -> GatewayLoader {
        GatewayLoader(methods: Fixtures.methods) { try record.bytes($0) }
    }
}

@Suite struct ReloadTests {
    private func lines(_ finding: ConfigurationReloader.Finding) -> [String]? {
        if case .loaded(_, let change) = finding { change.lines } else { nil }
    }

    private func refusal(_ finding: ConfigurationReloader.Finding) -> String? {
        if case .refused(let error) = finding { "\(error)" } else { nil }
    }

    @Test("nothing is done while no file changes, however often it is looked at")
    func unchanged() async throws {
        let (reloader, _) = try ChangingFiles().reloader()
        for _ in 0..<3 {
            guard case .unchanged = await reloader.look(apply: { _ in Issue.record("applied") })
            else {
                Issue.record("nothing has changed")
                return
            }
        }
    }

    @Test("a change of the configuration, the keys or a pepper is found, told by name, once")
    func changes() async throws {
        let files = ChangingFiles()
        let (reloader, _) = try files.reloader()
        files.replace("limit: 2000, period: 1s", "limit: 3000, period: 1s")
        let first = lines(await reloader.look { _ in })
        #expect(
            first == [
                "plan core: client: 2000 per 1s, burst 4000, counts cost → "
                    + "3000 per 1s, burst 4000, counts cost"
            ])
        #expect(lines(await reloader.look { _ in }) == nil)

        var entries = Fixtures.Special.allCases.map(Fixtures.entry)
        entries[0].state = .revoked
        entries.removeLast()
        files["/etc/keys.yaml"] = APIKeyFile(entries: entries).yaml
        let second = try #require(lines(await reloader.look { _ in }))
        #expect(second.contains("API key \(entries[0].id): state: active → revoked"))
        #expect(second.contains { $0.hasPrefix("API key") && $0.contains("removed: ") })

        files["/etc/pepper-1"] = "another secret of sixteen bytes"
        #expect(lines(await reloader.look { _ in }) == [])
        #expect(await reloader.counts.loaded == 3)
    }

    @Test(
        "what does not load changes nothing, is told once, and is looked at again when it changes")
    func refused() async throws {
        let files = ChangingFiles()
        let (reloader, _) = try files.reloader()
        files.replace("burst: 4000", "burst: 4")
        let text = refusal(await reloader.look { _ in Issue.record("applied") }) ?? ""
        #expect(text.hasPrefix("/etc/gateway.yaml:") && text.contains("costs 5"), "\(text)")
        #expect(refusal(await reloader.look { _ in }) == nil)
        files["/etc/pepper-1"] = "short"
        #expect(refusal(await reloader.look { _ in })?.contains("at least 16 bytes") == true)
        files.replace("burst: 4,", "burst: 40,")
        #expect(refusal(await reloader.look { _ in })?.contains("at least 16 bytes") == true)
        files["/etc/pepper-1"] = nil
        #expect(refusal(await reloader.look { _ in })?.contains("cannot be read") == true)
        files["/etc/pepper-1"] = String(decoding: Fixtures.pepperSecret, as: UTF8.self)
        #expect(lines(await reloader.look { _ in })?.count == 1)
        #expect(await reloader.counts == .init(loaded: 1, rejected: 4))
    }

    @Test("what only a new process can do is refused as a whole")
    func restart() async throws {
        let files = ChangingFiles()
        let (reloader, _) = try files.reloader()
        files.replace("port: 8443", "port: 8444")
        files.replace("limit: 2000, period: 1s", "limit: 3000, period: 1s")
        let text = refusal(await reloader.look { _ in Issue.record("applied") }) ?? ""
        #expect(
            text.contains(
                "needs a restart, nothing of it is in force: "
                    + "listener public: address: 127.0.0.1:8443 → 127.0.0.1:8444"), "\(text)")
    }

    @Test("a failure to take the new configuration into use leaves the old one")
    func notApplied() async throws {
        struct Failure: Error {}
        let files = ChangingFiles()
        let (reloader, _) = try files.reloader()
        files.replace("limit: 2000, period: 1s", "limit: 3000, period: 1s")
        #expect(refusal(await reloader.look { _ in throw Failure() }) != nil)
        // The content is known to fail; another content is tried, and compared with what is in force.
        files.replace("limit: 3000, period: 1s", "limit: 2500, period: 1s")
        #expect(lines(await reloader.look { _ in })?.first?.contains("2000 per 1s") == true)
    }

    @Test("a request keeps the snapshot and the service that it began with")
    func oneSnapshot() async throws {
        let files = ChangingFiles()
        let (reloader, snapshot) = try files.reloader()
        let (old, new) = (FakeUpstream { _ in Self.answer }, FakeUpstream { _ in Self.answer })
        let slot = ServingSlot(ServingState(snapshot: snapshot, upstreams: [old]))
        let handler = GatewayHandler(
            serving: slot, limits: GatewayLimits(capacity: 16, seed: 1),
            clock: GatewayClock(
                now: { Instant(nanoseconds: 2_000_000) }, unixMilliseconds: { 2_000_000 }),
            log: nil, counters: GatewayCounters(), seed: 7)
        guard case .accept(let admitted) = handler.admit(Fixtures.head(), from: Fixtures.peer)
        else {
            Issue.record("admitted")
            return
        }

        files.replace("suspended: true", "suspended: false")
        files.replace("127.0.0.1:7002", "127.0.0.1:7009")
        files.replace("bank: { scopes: [risk.assess,", "bank: { scopes: [")
        let finding = await reloader.look {
            slot.replace(by: ServingState(snapshot: $0, upstreams: [new]))
        }
        #expect(lines(finding)?.count == 3)
        guard case .refuse = handler.admit(Fixtures.head(), from: Fixtures.peer) else {
            Issue.record("the scope is no longer the tenant's")
            return
        }
        [UInt8]().withUnsafeBytes { bytes in
            let request = InboundRequest(
                head: Fixtures.head(), acceptance: admitted, peer: Fixtures.peer, body: bytes)
            handler.forward(request, to: FakeCaller()).receivedEnd()
        }
        #expect(old.requests.count == 1)
        #expect(new.requests.isEmpty)
    }

    private static let answer = RawReply(
        status: 200, headers: ["content-type": "application/grpc+assay"],
        trailers: ["grpc-status": "0"])

    @Test("an upstream that a configuration leaves out ends when its last call has ended")
    func drain() async throws {
        final class Watched: RawUpstream {
            let flag: AtomicFlag
            init(_ flag: AtomicFlag) { self.flag = flag }
            deinit { flag.set() }
            func forward(_ request: RawRequest, deadline: Deadline) async throws -> RawReply {
                ReloadTests.answer
            }
            func open(
                _ request: RawRequest, isWhole: Bool, deadline: Deadline,
                to receiver: any RawReceiver
            ) -> any RawUpstreamCall {
                FakeUpstream { _ in ReloadTests.answer }
                    .open(request, isWhole: isWhole, deadline: deadline, to: receiver)
            }
        }
        let flag = AtomicFlag()
        let snapshot = try Fixtures.snapshot()
        let slot = ServingSlot(ServingState(snapshot: snapshot, upstreams: [Watched(flag)]))
        var held: ServingState? = slot.current
        slot.replace(
            by: ServingState(snapshot: snapshot, upstreams: [FakeUpstream { _ in Self.answer }]))
        #expect(!flag.isSet && held != nil)
        held = nil
        #expect(flag.isSet)
    }

    final class AtomicFlag: Sendable {
        private let value = Atomic(false)
        var isSet: Bool { value.load(ordering: .relaxed) }
        func set() { value.store(true, ordering: .relaxed) }
    }
}

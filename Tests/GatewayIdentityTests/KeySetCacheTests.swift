import RPC
import Synchronization
import Testing

@testable import GatewayCore

@Suite struct KeySetCacheTests {
    private let clock = TestClock()
    private let old = TestIssuer.signer(.es256)
    private let new = TestIssuer.signer(.edDSA)

    private func cache(
        _ source: TestSource, notice: @escaping @Sendable (KeySetCache.Event) -> Void = { _ in }
    ) -> KeySetCache {
        var surroundings = clock.surroundings
        surroundings.notice = notice
        return KeySetCache(
            issuer: TestIssuer.name, algorithm: nil, fallback: nil, surroundings: surroundings,
            fetch: source.fetch)
    }

    private func set(_ signers: [TestSigner]) -> [UInt8] {
        TestSigner.set(signers.map { $0.jwk() })
    }

    private func settled(_ cache: KeySetCache) async {
        await withCheckedContinuation { continuation in
            cache.whenSettled(by: clock.now + .seconds(3600)) { continuation.resume() }
        }
    }

    private func word(_ lookup: KeySetMachine.Lookup) -> String {
        switch lookup {
        case .key: "key"
        case .unknown: "unknown"
        case .wait: "wait"
        }
    }

    @Test("G9: keys rotate without overlap: one fetch, no token of the new key is refused")
    func rotation() async throws {
        let source = TestSource(set([old]))
        let cache = cache(source)
        cache.tick()
        await settled(cache)
        #expect(word(cache.look(for: old.kid, at: clock.now, round: 0)) == "key")
        source.serve(set([new]))
        clock.advance(.seconds(1))
        #expect(word(cache.look(for: new.kid, at: clock.now, round: 0)) == "wait")
        for _ in 0..<100 {
            #expect(word(cache.look(for: new.kid, at: clock.now, round: 0)) != "unknown")
            await Task.yield()
        }
        await settled(cache)
        #expect(word(cache.look(for: new.kid, at: clock.now, round: 1)) == "key")
        #expect(word(cache.look(for: old.kid, at: clock.now, round: 0)) == "unknown")
        #expect(source.fetches == 2)
    }

    @Test("10,000 kids cause one fetch, and one more every ten seconds")
    func storm() async throws {
        let source = TestSource(set([old]))
        let cache = cache(source)
        cache.tick()
        await settled(cache)
        let before = source.fetches
        for second in 0..<60 {
            for index in 0..<(second == 0 ? 10_000 : 500) {
                let kid = "storm-\(second)-\(index)"
                if case .wait = cache.look(for: kid, at: clock.now, round: 0), index % 1000 == 0 {
                    await settled(cache)
                    #expect(word(cache.look(for: kid, at: clock.now, round: 1)) == "unknown")
                }
            }
            await settled(cache)
            #expect(word(cache.look(for: old.kid, at: clock.now, round: 0)) == "key")
            clock.advance(.seconds(1))
        }
        #expect(source.fetches - before == 6, "\(source.fetches - before)")
    }

    @Test("calls wait together for one fetch, and no longer than half a second")
    func singleFlight() async throws {
        let source = TestSource(set([old]))
        let cache = cache(source)
        source.hold(true)
        let ended = Mutex(0)
        for _ in 0..<1000 {
            #expect(word(cache.look(for: old.kid, at: clock.now, round: 0)) == "wait")
            cache.whenSettled(by: clock.now + KeySetCache.patience) { ended.withLock { $0 += 1 } }
        }
        clock.advance(.milliseconds(440))
        for _ in 0..<1000 { await Task.yield() }
        #expect(ended.withLock { $0 } == 0)
        clock.advance(.milliseconds(20))
        while ended.withLock({ $0 }) < 1000 { await Task.yield() }
        #expect(source.fetches == 1 && cache.current(at: clock.now) == nil)
        source.hold(false)
        await settled(cache)
        #expect(word(cache.look(for: old.kid, at: clock.now, round: 1)) == "key")
    }

    @Test("more calls than may wait are refused at once")
    func bounded() async throws {
        let source = TestSource(set([old]))
        let cache = cache(source)
        source.hold(true)
        #expect(word(cache.look(for: "x", at: clock.now, round: 0)) == "wait")
        for _ in 0..<KeySetCache.maximumWaiters {
            cache.whenSettled(by: clock.now + .seconds(3600)) {}
        }
        #expect(word(cache.look(for: "x", at: clock.now, round: 0)) == "unknown")
        source.hold(false)
        await settled(cache)
    }

    @Test("what is no key set changes nothing but the count of failures, and is told")
    func refused() async throws {
        let source = TestSource(set([old]))
        let events = Mutex<[String]>([])
        let cache = cache(source) { event in
            let word =
                switch event {
                case .changed(_, let keys, _): "changed \(keys)"
                case .unchanged: "unchanged"
                case .failed(_, let why): "failed: \(why)"
                }
            events.withLock { $0.append(word) }
        }
        let replies: [[UInt8]?] = [
            set([old]), TestSigner.set([]), Array("<html>".utf8),
            TestSigner.set([old.jwk(), old.jwk()]), nil, set([old]), set([old, new]),
        ]
        for (index, reply) in replies.enumerated() {
            source.serve(reply)
            cache.tick()
            await settled(cache)
            #expect(word(cache.look(for: old.kid, at: clock.now, round: 2)) == "key")
            while events.withLock(\.count) <= index { await Task.yield() }
            clock.advance(.seconds(300))
        }
        let words = events.withLock { $0 }
        #expect(words.first == "changed 1" && words.suffix(2) == ["unchanged", "changed 2"])
        #expect(words.filter { $0.hasPrefix("failed") }.count == 4)
        #expect(words.contains { $0.contains("twice") })
        #expect(cache.status.fetches == 7 && cache.status.failures == 4 && cache.status.keys == 2)
    }

    @Test("a configuration that says the same of an issuer goes on with the keys it has")
    func directory() async throws {
        let source = TestSource(set([old]))
        let directory = KeySetDirectory(surroundings: clock.surroundings) { _, _ in
            try await source.fetch()
        }
        #expect(directory.isReady)
        let issuer = "jwks_url: \"https://login.bank.example/jwks\""
        let identities = IdentityState(keySets: directory)
        let first = try TestGateway.snapshot(issuer: issuer, identities: identities)
        #expect(!directory.isReady)
        identities.adopt(first)
        directory.tick()
        await settled(first.authenticator.tokens.caches[0])
        #expect(directory.isReady && directory.status.map(\.keys) == [1])
        let second = try TestGateway.snapshot(issuer: issuer, identities: identities)
        identities.adopt(second)
        let outcome = TestGateway.run(TestGateway.head(bearer: try old.token()), second)
        #expect(outcome.status == nil && source.fetches == 1)
        let third = try TestGateway.snapshot(identities: identities)
        identities.adopt(third)
        #expect(directory.status.isEmpty)
    }
}

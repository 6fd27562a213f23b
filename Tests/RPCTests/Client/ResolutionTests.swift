import Testing

@testable import RPC

private func at(_ seconds: Double) -> Instant {
    Instant(nanoseconds: 1_000_000_000) + .seconds(seconds)
}

private func endpoints(_ hosts: String...) -> [Endpoint] {
    hosts.map { Endpoint(.host($0, port: 1)) }
}

@Suite("Targets of a client")
struct ClientTargetTests {
    @Test("each scheme is read; what is plain is a list")
    func schemes() throws {
        #expect(
            try ClientTarget("dns:///features.bank:7003") == .dns(host: "features.bank", port: 7003)
        )
        #expect(try ClientTarget("file:///etc/a.list") == .file(path: "/etc/a.list"))
        #expect(
            try ClientTarget("unix:///run/a.sock") == .fixed([Endpoint(.unix(path: "/run/a.sock"))])
        )
        let pair = [Endpoint(.host("a", port: 1)), Endpoint(.host("::1", port: 2))]
        #expect(try ClientTarget("static:///a:1,[::1]:2") == .fixed(pair))
        #expect(try ClientTarget("a:1,[::1]:2") == .fixed(pair))
        #expect(pair.map(\.description) == ["a:1", "[::1]:2"])
    }

    @Test("an endpoint that is named twice is one endpoint")
    func twice() throws {
        #expect(try ClientTarget("a:1,a:1") == .fixed([Endpoint(.host("a", port: 1))]))
    }

    @Test(
        "anything else is refused with the text in the reason",
        arguments: [
            "", ":", "a", "a:0", "a:65536", "a:-1", "a:+1", ":1", "a:1,", ",a:1", "a:1,,b:1",
            "a b:1",
            "a/b:1", "::1:80", "[]:1", "dns:///", "dns:///a", "dns:///a:1,b:1", "dns://8.8.8.8/a:1",
            "http://a:1", "unix://", "unix:///", "unix://a", "file://a", "file:///", "static:///",
            "\u{0}:1", "a\n:1", "a:1\u{0}",
        ])
    func refused(_ text: String) {
        #expect(throws: ClientTarget.Fault.self) { try ClientTarget(text) }
    }
}

@Suite("Lists of endpoints in files")
struct EndpointListTests {
    private func parse(_ text: String) throws -> [Endpoint] {
        try EndpointList.parse(Array(text.utf8))
    }

    @Test("lines, weights, comments and blank lines are read")
    func lines() throws {
        let list = try parse("# ours\n10.0.0.1:7003\n\n  [::1]:2 weight=3  # big\r\n")
        #expect(
            list == [
                Endpoint(.host("10.0.0.1", port: 7003)), Endpoint(.host("::1", port: 2), weight: 3),
            ])
        #expect(try parse("").isEmpty)
    }

    @Test(
        "one bad line refuses the whole list, and is named",
        arguments: [
            "a:1\nb", "a:1\nb:1 weight=0", "a:1\nb:1 weight=101", "a:1\nb:1 weight=x",
            "a:1\nb:1 heavy", "a:1\nb:1 weight=1 2", "a:1\na:1", "a:1\n\u{FFFD}",
        ])
    func badLine(_ text: String) {
        let fault = #expect(throws: EndpointList.Fault.self) { try parse(text) }
        #expect(fault?.description.contains("line 2") == true)
    }

    @Test("any bytes are read or refused, never more")
    func anyBytes() {
        var generator = SeededGenerator(seed: 11)
        let alphabet = Array("a1:.[]# \n\r\t,=weight\u{0}\u{7F}".utf8) + [0xFF, 0xC3]
        for _ in 0..<2_000 {
            let bytes = (0..<generator.index(below: 40)).map { _ in
                alphabet[generator.index(below: alphabet.count)]
            }
            for endpoint in (try? EndpointList.parse(bytes)) ?? [] {
                #expect(Endpoint.weights.contains(endpoint.weight), "\(bytes)")
            }
        }
        #expect(throws: EndpointList.Fault.self) {
            try EndpointList.parse([UInt8](repeating: 10, count: EndpointList.maximumBytes + 1))
        }
    }
}

@Suite("Resolving again")
struct NameResolutionTests {
    private var resolution = NameResolution(now: at(0), generator: SeededGenerator(seed: 1))

    @Test("the first question is asked at once, the next after 30 s ± 20 %")
    mutating func interval() {
        var waits: Set<Duration> = []
        var now = at(0)
        for _ in 0..<50 {
            #expect(resolution.begin(at: now) == true)
            #expect(resolution.nextAt == .distantFuture)
            #expect(resolution.begin(at: now) == false, "one question at a time")
            _ = resolution.answered(.endpoints(endpoints("a")), at: now)
            let wait = resolution.nextAt - now
            #expect((.seconds(24) ... .seconds(36)).contains(wait))
            #expect(resolution.begin(at: now + (wait - .nanoseconds(1))) == false)
            waits.insert(wait)
            now = resolution.nextAt
        }
        #expect(waits.count > 40)
    }

    @Test("a request brings the question forward, but never nearer than 2 s to the last one")
    mutating func requests() {
        #expect(resolution.begin(at: at(0)) == true)
        _ = resolution.answered(.endpoints(endpoints("a")), at: at(0.5))
        resolution.request(at: at(1))
        #expect(resolution.nextAt == at(2))
        resolution.request(at: at(1.5))
        #expect(resolution.nextAt == at(2))
        #expect(resolution.begin(at: at(1.9)) == false)
        #expect(resolution.begin(at: at(2)) == true)
        resolution.request(at: at(2.1))
        #expect(resolution.nextAt == .distantFuture, "one is under way already")
        _ = resolution.answered(.endpoints(endpoints("a")), at: at(3))
        resolution.request(at: at(10))
        #expect(resolution.begin(at: at(10)) == true)
    }

    @Test("errors and empty answers keep the last good set, and say so")
    mutating func lastGoodSet() {
        #expect(resolution.begin(at: at(0)) == true)
        #expect(
            resolution.answered(.endpoints(endpoints("a", "b")), at: at(0)) == endpoints("a", "b"))
        for (step, answer) in [NameResolution.Answer.failed("SERVFAIL"), .endpoints([])]
            .enumerated()
        {
            resolution.request(at: at(Double(10 * step + 10)))
            #expect(resolution.begin(at: at(Double(10 * step + 10))) == true)
            #expect(resolution.answered(answer, at: at(Double(10 * step + 11))) == nil)
            #expect(resolution.endpoints == endpoints("a", "b"))
            #expect(resolution.failure == (step == 0 ? "SERVFAIL" : "the answer was empty"))
        }
        #expect(
            resolution.counters
                == NameResolution.Counters(changed: 1, unchanged: 0, failed: 1, empty: 1))
    }

    @Test("the same endpoints in another order are no change")
    mutating func order() {
        #expect(resolution.begin(at: at(0)) == true)
        _ = resolution.answered(.endpoints(endpoints("a", "b")), at: at(0))
        resolution.request(at: at(5))
        #expect(resolution.begin(at: at(5)) == true)
        #expect(resolution.answered(.endpoints(endpoints("b", "a")), at: at(5)) == nil)
        #expect(resolution.counters.unchanged == 1)
        #expect(resolution.failure == nil)
    }
}

@Suite("Pauses between attempts to connect")
struct ConnectBackoffTests {
    @Test("0.2 s, × 1.6, at most 30 s, and back to the start after a success")
    func pauses() {
        var backoff = ConnectBackoff()
        var pauses: [Duration] = []
        for _ in 0..<40 { pauses.append(backoff.failed(jitter: 1)) }
        #expect(pauses[0] == .seconds(0.2))
        #expect(abs(pauses[1] / .seconds(0.32) - 1) < 1e-9)
        #expect(abs(pauses[2] / .seconds(0.512) - 1) < 1e-9)
        #expect(pauses[39] == .seconds(30))
        #expect(backoff.failed(jitter: 0.8) == .seconds(24))
        #expect(backoff.failed(jitter: 1.2) == .seconds(36))
        backoff.succeeded()
        #expect(backoff.failed(jitter: 1) == .seconds(0.2))
    }
}

import RPC
import Testing

@testable import GatewayCore

/// The table of the design, row by row.
@Suite struct KeySetMachineTests {
    private let start = Instant(nanoseconds: 1_000_000_000_000)
    private let old = TestIssuer.signer(.es256)
    private let new = TestIssuer.signer(.edDSA)

    private func at(_ seconds: Double) -> Instant { start + .milliseconds(Int64(seconds * 1000)) }

    /// A machine that has fetched the old key at the start.
    private func filled(maximumAge: Int64? = nil) throws -> KeySetMachine {
        var machine = KeySetMachine(fallback: nil)
        #expect(machine.tick(at: start) == true)
        #expect(
            machine.fetched(try TestIssuer.keySet([old]), maximumAge: maximumAge, at: start) == true
        )
        return machine
    }

    private func word(_ answer: (lookup: KeySetMachine.Lookup, startsFetch: Bool)) -> String {
        let fetch = answer.startsFetch ? "+fetch" : ""
        switch answer.lookup {
        case .key: return "key" + fetch
        case .unknown: return "unknown" + fetch
        case .wait: return "wait" + fetch
        }
    }

    @Test(
        "lifetime: max-age between a minute and a day, ten minutes if not said; refreshed at half of it",
        arguments: [(nil, 300), (1200, 600), (5, 30), (0, 30), (1_000_000, 43_200)]
            as [(Int64?, Double)])
    func lifetime(maximumAge: Int64?, refreshAt: Double) throws {
        var machine = try filled(maximumAge: maximumAge)
        #expect(machine.tick(at: at(refreshAt - 0.001)) == false)
        #expect(word(machine.look(for: old.kid, at: at(refreshAt), round: 0)) == "key+fetch")
        #expect(machine.tick(at: at(refreshAt)) == false)
        #expect(word(machine.look(for: old.kid, at: at(refreshAt + 1), round: 0)) == "key")
    }

    @Test("unknown kid: one fetch at a time, at most one per 10 s, then remembered for 60 s")
    func unknownKey() throws {
        var machine = try filled()
        #expect(word(machine.look(for: "x", at: at(1), round: 0)) == "wait+fetch")
        #expect(word(machine.look(for: "y", at: at(1), round: 0)) == "wait")
        #expect(
            machine.fetched(try TestIssuer.keySet([old]), maximumAge: nil, at: at(1.2)) == false)
        #expect(word(machine.look(for: "x", at: at(1.2), round: 1)) == "unknown")
        // Within ten seconds nobody asks again; afterwards, not for what is remembered.
        #expect(word(machine.look(for: "z", at: at(10.9), round: 0)) == "unknown")
        #expect(word(machine.look(for: "x", at: at(61.1), round: 0)) == "unknown")
        #expect(word(machine.look(for: "z", at: at(11), round: 0)) == "wait+fetch")
        #expect(
            machine.fetched(try TestIssuer.keySet([old]), maximumAge: nil, at: at(11.2)) == false)
        #expect(word(machine.look(for: "x", at: at(61.3), round: 0)) == "wait+fetch")
    }

    @Test("unknown kid: a new set clears what is remembered")
    func cleared() throws {
        var machine = try filled()
        _ = machine.look(for: new.kid, at: at(1), round: 0)
        _ = machine.fetched(try TestIssuer.keySet([old]), maximumAge: nil, at: at(1.1))
        #expect(word(machine.look(for: new.kid, at: at(1.1), round: 1)) == "unknown")
        #expect(machine.tick(at: at(302)) == true)
        #expect(machine.fetched(try TestIssuer.keySet([new]), maximumAge: nil, at: at(302)) == true)
        #expect(word(machine.look(for: new.kid, at: at(302), round: 0)) == "key")
        #expect(word(machine.look(for: old.kid, at: at(302), round: 0)) == "wait+fetch")
    }

    @Test("a call that waited for a fetch that began before it asks for one of its own, once")
    func secondRound() throws {
        var machine = try filled()
        #expect(machine.tick(at: at(300)) == true)
        #expect(word(machine.look(for: new.kid, at: at(300.1), round: 0)) == "wait")
        // What comes was written before the keys were rotated.
        #expect(
            machine.fetched(try TestIssuer.keySet([old]), maximumAge: nil, at: at(300.2)) == false)
        #expect(word(machine.look(for: new.kid, at: at(300.2), round: 1)) == "wait+fetch")
        #expect(
            machine.fetched(try TestIssuer.keySet([new]), maximumAge: nil, at: at(300.3)) == true)
        #expect(word(machine.look(for: new.kid, at: at(300.3), round: 2)) == "key")
        #expect(word(machine.look(for: "x", at: at(300.4), round: 2)) == "unknown")
    }

    @Test(
        "G8: fetches fail for an hour: known keys work, unknown ones are refused, one fetch per 10 s"
    )
    func down() throws {
        var machine = try filled()
        var fetches = 0
        for second in stride(from: 300.0, to: 3900, by: 0.5) {
            #expect(word(machine.look(for: old.kid, at: at(second), round: 0)).hasPrefix("key"))
            let answer = machine.look(for: "x\(second)", at: at(second), round: 0)
            if answer.startsFetch || machine.isFetching {
                fetches += 1
                machine.failed(at: at(second))
            } else if case .unknown = answer.lookup {
            } else {
                Issue.record("\(second): \(answer)")
            }
        }
        #expect((355...361).contains(fetches), "\(fetches)")
    }

    @Test("old keys are good for 24 hours without a fetch, then the file's are")
    func oldKeys() throws {
        var machine = try filled()
        #expect(machine.tick(at: at(300)) == true)
        machine.failed(at: at(300))
        let day = 24.0 * 3600
        #expect(word(machine.look(for: old.kid, at: at(day - 1), round: 2)).hasPrefix("key"))
        #expect(word(machine.look(for: old.kid, at: at(day), round: 2)) == "unknown")
        machine.fallback = try TestIssuer.keySet([old])
        #expect(word(machine.look(for: old.kid, at: at(day), round: 2)).hasPrefix("key"))
    }

    @Test("start without a set: nothing is known, and the file is used until the first fetch")
    func startWithout() throws {
        var machine = KeySetMachine(fallback: nil)
        #expect(machine.current(at: start) == nil)
        #expect(word(machine.look(for: old.kid, at: start, round: 0)) == "wait+fetch")
        machine.failed(at: at(1))
        #expect(machine.tick(at: at(9)) == false)
        #expect(machine.tick(at: at(10)) == true)
        var withFile = KeySetMachine(fallback: try TestIssuer.keySet([old]))
        #expect(word(withFile.look(for: old.kid, at: start, round: 0)) == "key+fetch")
        #expect(withFile.fetched(try TestIssuer.keySet([new]), maximumAge: nil, at: at(1)) == true)
        #expect(word(withFile.look(for: old.kid, at: at(1), round: 2)) == "unknown")
    }

    @Test("the same keys again are the same object: what was verified with them stays so")
    func identity() throws {
        var machine = try filled()
        let before = machine.current(at: start)
        #expect(machine.tick(at: at(300)) == true)
        #expect(
            machine.fetched(try TestIssuer.keySet([old]), maximumAge: nil, at: at(300)) == false)
        #expect(machine.current(at: at(300)) === before)
    }

    @Test("what is remembered of unknown names is bounded")
    func bounded() {
        var unknown = UnknownKeyIDs()
        for index in 0..<25_000 { unknown.insert("k\(index)", at: start) }
        #expect(unknown.count == UnknownKeyIDs.capacity)
        #expect(unknown.contains("k24999", at: at(59)) && !unknown.contains("k14999", at: at(1)))
        #expect(!unknown.contains("k24999", at: at(60)))
    }
}

import Testing

@testable import RPC

private func at(_ seconds: Double) -> Instant {
    Instant(nanoseconds: 1_000_000_000_000) + .seconds(seconds)
}

@Suite("Endpoints that fail more than others")
struct OutlierDetectorTests {
    private func detector(_ hosts: Int) -> OutlierDetector {
        var detector = OutlierDetector(now: at(0))
        for slot in 0..<hosts { detector.add(slot) }
        return detector
    }

    private func feed(
        _ detector: inout OutlierDetector, _ slot: Int, answered: Int, failed: Int,
        at now: Instant = at(1)
    ) {
        for _ in 0..<answered { _ = detector.ended(slot, .answered, at: now) }
        for _ in 0..<failed { _ = detector.ended(slot, .failed, at: now) }
    }

    @Test("five transport failures in a row eject at once, for 30 s")
    func broken() {
        var detector = detector(3)
        for _ in 0..<4 { #expect(detector.ended(1, .broken, at: at(1)) == .none) }
        _ = detector.ended(1, .answered, at: at(1))
        for _ in 0..<4 { #expect(detector.ended(1, .broken, at: at(1)) == .none) }
        #expect(detector.ended(1, .unknown, at: at(1)) == .none)
        #expect(detector.ended(1, .broken, at: at(1)) == .ejected)
        #expect(detector.isEjected(1))
        #expect(detector.advance(to: at(9)) == false)
        _ = detector.advance(to: at(30.9))
        #expect(detector.isEjected(1))
        #expect(!detector.isProbeDue(1))
        #expect(detector.advance(to: at(31)) == true)
        #expect(detector.isEjected(1) && detector.isProbeDue(1))
        #expect(detector.ejections == [.broken: 1])
    }

    @Test(
        "it comes back with the call that probes it, or is out for longer; what says nothing is repeated"
    )
    func probes() {
        var detector = detector(3)
        for _ in 0..<5 { _ = detector.ended(1, .broken, at: at(0)) }
        _ = detector.advance(to: at(30))
        detector.probeSent(1)
        #expect(!detector.isProbeDue(1) && detector.isEjected(1))
        #expect(detector.ended(1, .unknown, at: at(30)) == .probeDue)
        #expect(detector.isProbeDue(1))
        detector.probeSent(1)
        #expect(detector.ended(1, .failed, at: at(31)) == .ejected)
        #expect(detector.ejectedUntil(1) == at(91), "the second time for 60 s")
        #expect(detector.ejections == [.broken: 1, .probe: 1])
        _ = detector.advance(to: at(91))
        detector.probeSent(1)
        #expect(detector.ended(1, .answered, at: at(92)) == .returned)
        #expect(!detector.isEjected(1) && !detector.isProbeDue(1))
        #expect(detector.ended(1, .answered, at: at(93)) == .none)
    }

    @Test("each further ejection is 30 s longer, to 300 s; good intervals make it shorter again")
    func lengths() {
        var detector = detector(2)
        var now = at(0)
        var lengths: [Double] = []
        for _ in 0..<12 {
            for _ in 0..<5 { _ = detector.ended(0, .broken, at: now) }
            #expect(detector.isEjected(0))
            let start = now
            while !detector.isProbeDue(0) {
                now = detector.nextChange
                _ = detector.advance(to: now)
            }
            _ = detector.ended(0, .answered, at: now)
            lengths.append((now - start) / .seconds(1))
        }
        // One of the intervals in which it was not ejected may lie between.
        #expect(lengths[0] == 30)
        #expect(lengths.max() == 300)
        #expect(lengths.last == 300)
        for _ in 0..<20 {
            now = now + .seconds(10)
            _ = detector.advance(to: now)
        }
        for _ in 0..<5 { _ = detector.ended(0, .broken, at: now) }
        #expect(detector.nextChange <= now + .seconds(30))
        _ = detector.advance(to: now + .seconds(30))
        #expect(detector.isProbeDue(0))
    }

    @Test("a success rate below mean − 1.9 σ is ejected at the end of the interval")
    func successRate() {
        var detector = detector(20)
        for slot in 0..<19 { feed(&detector, slot, answered: 100 - slot % 2, failed: slot % 2) }
        feed(&detector, 19, answered: 60, failed: 40)
        #expect(detector.advance(to: at(9.9)) == false)
        #expect(detector.advance(to: at(10)) == true)
        #expect((0..<20).filter { detector.isEjected($0) } == [19])
        #expect(detector.ejections == [.successRate: 1])
    }

    @Test("too few calls, or too few endpoints, judge nothing")
    func tooFew() {
        var calls = detector(10)
        for slot in 0..<9 { feed(&calls, slot, answered: 100, failed: 0) }
        feed(&calls, 9, answered: 0, failed: 49)
        #expect(calls.advance(to: at(10)) == false)
        var hosts = detector(4)
        for slot in 0..<3 { feed(&hosts, slot, answered: 200, failed: 0) }
        feed(&hosts, 3, answered: 0, failed: 200)
        #expect(hosts.advance(to: at(10)) == false)
    }

    @Test("more than 85 % failures are ejected although the spread hides them")
    func failurePercentage() {
        var detector = detector(40)
        // Half are bad, so the deviation is large.
        for slot in 0..<40 {
            feed(&detector, slot, answered: slot < 20 ? 60 : 6, failed: slot < 20 ? 0 : 54)
        }
        #expect(detector.advance(to: at(10)) == true)
        let ejected = (0..<40).filter { detector.isEjected($0) }
        #expect(ejected.count == 4, "10 % of the hosts at most")
        #expect(ejected.allSatisfy { $0 >= 20 })
    }

    @Test("at most a tenth of the endpoints, but at least one")
    func share() {
        for (hosts, most) in [(1, 1), (3, 1), (19, 1), (20, 2), (35, 3)] {
            var detector = detector(hosts)
            for slot in 0..<hosts {
                for _ in 0..<5 { _ = detector.ended(slot, .broken, at: at(1)) }
            }
            #expect((0..<hosts).count { detector.isEjected($0) } == most, "\(hosts)")
        }
    }

    @Test("which statuses blame the endpoint")
    func outcomes() {
        #expect(CallOutcome(.ok) == .answered)
        #expect(CallOutcome(.notFound) == .answered)
        #expect(CallOutcome(.resourceExhausted) == .answered)
        #expect(CallOutcome(.resourceExhausted, reason: "OVERLOADED") == .overloaded)
        #expect(CallOutcome(.unavailable) == .overloaded)
        #expect(CallOutcome(.deadlineExceeded) == .overloaded)
        #expect(CallOutcome(.internal) == .failed)
        #expect(CallOutcome(.cancelled) == .unknown)
    }
}

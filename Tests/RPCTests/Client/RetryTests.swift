import Testing

@testable import RPC

private func at(_ milliseconds: Int) -> Instant {
    Instant(nanoseconds: 1_000_000_000_000) + .milliseconds(milliseconds)
}

@Suite("Further attempts after a failure")
struct RetryMachineTests {
    private let policy = RetryPolicy()
    private let deadline = Deadline(at(1_000))

    private func decide(
        _ machine: inout RetryMachine, _ failure: AttemptFailure, at now: Instant = at(0),
        jitter: Double = 1, isAllowed: Bool = true
    ) -> RetryMachine.Decision {
        machine.failed(failure, at: now, jitter: jitter) { isAllowed }
    }

    @Test("R2: pauses of 10 ms, doubling, to 250 ms, ± 20 %; three attempts by default")
    func pauses() {
        var machine = RetryMachine(policy, deadline: deadline)
        let failure = AttemptFailure(.unavailable, .processed)
        #expect(machine.previousAttempts == 0)
        #expect(decide(&machine, failure, jitter: 0.8) == .retry(after: .milliseconds(8)))
        #expect(machine.previousAttempts == 1)
        #expect(decide(&machine, failure, jitter: 1.2) == .retry(after: .milliseconds(24)))
        #expect(decide(&machine, failure) == .giveUp)
    }

    @Test("R2: five attempts at most, whatever the schema says; the deadline covers all")
    func cap() {
        var machine = RetryMachine(
            RetryPolicy(maximumAttempts: 9), deadline: Deadline(at(10_000)))
        let failure = AttemptFailure(.unavailable, .processed)
        let pauses = [10, 20, 40, 80]
        for pause in pauses {
            #expect(decide(&machine, failure) == .retry(after: .milliseconds(pause)))
        }
        #expect(decide(&machine, failure) == .giveUp)
        var late = RetryMachine(policy, deadline: deadline)
        #expect(decide(&late, failure, at: at(990)) == .giveUp, "the pause would end too late")
        #expect(decide(&late, failure, at: at(1_000)) == .giveUp)
        #expect(decide(&late, failure, at: at(989)) == .retry(after: .milliseconds(10)))
    }

    @Test("only the codes of the policy, and only what may be repeated")
    func codes() {
        for code in StatusCode.allCases where code != .ok && code != .unavailable {
            var machine = RetryMachine(policy, deadline: deadline)
            #expect(decide(&machine, AttemptFailure(code, .processed)) == .giveUp, "\(code)")
        }
        var more = RetryMachine(
            RetryPolicy(codes: [.unavailable, .aborted]), deadline: deadline)
        #expect(
            decide(&more, AttemptFailure(.aborted, .processed))
                == .retry(after: .milliseconds(10)))
        var never = RetryMachine(nil, deadline: deadline)
        #expect(decide(&never, AttemptFailure(.unavailable, .processed)) == .giveUp)
    }

    @Test("R1: what the peer certainly did not do is sent again once, at once, uncounted")
    func refused() {
        let refusal = AttemptFailure(.unavailable, .refused)
        var never = RetryMachine(nil, deadline: deadline)
        #expect(decide(&never, refusal, isAllowed: false) == .resend)
        #expect(never.previousAttempts == 0)
        #expect(!never.counts(refusal))
        #expect(decide(&never, refusal) == .giveUp)
        var machine = RetryMachine(policy, deadline: deadline)
        #expect(decide(&machine, refusal) == .resend)
        #expect(decide(&machine, refusal) == .retry(after: .milliseconds(10)))
        var late = RetryMachine(nil, deadline: deadline)
        #expect(decide(&late, refusal, at: at(1_000)) == .giveUp)
    }

    @Test("R3: nothing follows once something of the reply was seen")
    func committed() {
        var machine = RetryMachine(policy, deadline: deadline)
        #expect(decide(&machine, AttemptFailure(.unavailable, .committed)) == .giveUp)
    }

    @Test("R4: pushback replaces the pause; a negative one ends it")
    func pushback() {
        var machine = RetryMachine(policy, deadline: deadline)
        let after = AttemptFailure(
            .unavailable, .processed, pushback: .after(.milliseconds(77)))
        #expect(decide(&machine, after, jitter: 0.8) == .retry(after: .milliseconds(77)))
        #expect(
            decide(&machine, AttemptFailure(.unavailable, .processed, pushback: .never)) == .giveUp)
    }

    @Test("R4: RESOURCE_EXHAUSTED only with a pushback, whatever the codes are")
    func exhausted() {
        let codes = RetryPolicy(codes: [.resourceExhausted])
        for policy in [policy, codes] {
            var machine = RetryMachine(policy, deadline: deadline)
            #expect(decide(&machine, AttemptFailure(.resourceExhausted, .processed)) == .giveUp)
            let pushed = AttemptFailure(.resourceExhausted, .processed, pushback: .after(.zero))
            #expect(decide(&machine, pushed) == .retry(after: .zero))
        }
    }

    @Test("R5, R6: throttle and budget are asked only for an attempt that would be made")
    func permission() {
        var machine = RetryMachine(policy, deadline: deadline)
        #expect(
            decide(&machine, AttemptFailure(.unavailable, .processed), isAllowed: false) == .giveUp)
        #expect(machine.previousAttempts == 0)
        var asked = 0
        for failure in [
            AttemptFailure(.notFound, .processed), AttemptFailure(.unavailable, .committed),
            AttemptFailure(.unavailable, .processed, pushback: .after(.seconds(2))),
        ] {
            _ = machine.failed(failure, at: at(0), jitter: 1) {
                asked += 1
                return true
            }
        }
        #expect(asked == 0)
    }

    @Test("R7: who serves a repeated call repeats nothing itself")
    func oneLayer() {
        let method = MethodDescriptor(path: "/a.B/C", kind: .unary, access: .public)
        #expect(ServerContext(method: method).child.allowsRetry)
        let repeated = ServerContext(
            method: method, metadata: ["grpc-previous-rpc-attempts": "1"])
        #expect(!repeated.child.allowsRetry)
    }

    @Test("A6: pushback is read as milliseconds; anything unreadable forbids")
    func pushbackHeader() {
        func read(_ text: String) -> Pushback {
            Pushback(trailers: ["grpc-status": "14", "grpc-retry-pushback-ms": text])
        }
        #expect(Pushback(trailers: ["grpc-status": "14"]) == .none)
        #expect(read("0") == .after(.zero))
        #expect(read("1500") == .after(.milliseconds(1_500)))
        for text in ["-1", "", "x", "1.5", "+1", "1 ", "99999999999999999999", "1e3"] {
            #expect(read(text) == .never, "\(text)")
        }
    }
}

@Suite("How many further attempts a target gets")
struct RetryLimitTests {
    @Test("R5: 51 tokens of 100 are needed; a failure takes one, a success gives a tenth back")
    func throttle() {
        var throttle = RetryThrottle()
        for _ in 0..<49 { throttle.failed() }
        #expect(throttle.allowsRetry)
        throttle.failed()
        #expect(!throttle.allowsRetry)
        throttle.succeeded()
        #expect(throttle.allowsRetry)
        for _ in 0..<1_000 { throttle.failed() }
        for _ in 0..<500 { throttle.succeeded() }
        #expect(!throttle.allowsRetry)
        throttle.succeeded()
        #expect(throttle.allowsRetry)
        for _ in 0..<10_000 { throttle.succeeded() }
        for _ in 0..<50 { throttle.failed() }
        #expect(!throttle.allowsRetry, "tokens do not pile up")
    }

    @Test("R6: a fifth of the calls of the last ten seconds, plus the reserve")
    func budget() {
        var budget = RetryBudget(percent: 20, reservePerSecond: 1)
        for _ in 0..<1_000 { budget.called(at: at(0)) }
        #expect(budget.left(at: at(0)) == 210)
        var taken = 0
        while budget.take(at: at(0)) { taken += 1 }
        #expect(taken == 210)
        #expect(budget.take(at: at(9_000)) == false)
        #expect(budget.left(at: at(9_000)) == 0)
        // Calls and attempts of then are forgotten; the reserve is back.
        #expect(budget.left(at: at(11_000)) == 10)
        #expect(budget.take(at: at(11_000)) == true)
        #expect(budget.left(at: at(1_000_000_000)) == 10, "a long silence")
    }

    @Test("R6: calls at a steady rate allow a steady fifth")
    func steady() {
        var budget = RetryBudget(percent: 20, reservePerSecond: 0)
        var taken = 0
        for step in 0..<60_000 {
            budget.called(at: at(step))
            if budget.take(at: at(step)) { taken += 1 }
        }
        #expect((11_500...12_500).contains(taken), "\(taken)")
    }
}

@Suite("Attempts side by side")
struct HedgeMachineTests {
    private func machine(
        attempts: Int = 3, typical: Duration? = .milliseconds(10), deadline: Int = 1_000
    ) -> HedgeMachine {
        var machine = HedgeMachine(
            maximumAttempts: attempts, codes: [.unavailable], typical: typical,
            deadline: Deadline(at(deadline)), at: at(0))
        machine.sent(at: at(0))
        return machine
    }

    @Test("R9: a further attempt after the method's typical time, up to the maximum")
    func delays() {
        var hedge = machine()
        #expect(hedge.nextAt == at(10))
        #expect(hedge.fired(at: at(9)) { true } == .wait)
        #expect(hedge.fired(at: at(10)) { true } == .start)
        hedge.sent(at: at(10))
        #expect(hedge.fired(at: at(20)) { true } == .start)
        hedge.sent(at: at(20))
        #expect(hedge.nextAt == .distantFuture)
        #expect(hedge.ended(nil, at: at(30)) { true } == .finish)
    }

    @Test("R9: never sooner than 2 ms, never later than half of what is left")
    func bounds() {
        #expect(machine(typical: .microseconds(50)).nextAt == at(2))
        #expect(machine(typical: .seconds(5)).nextAt == at(500))
        #expect(machine(typical: nil).nextAt == .distantFuture)
    }

    @Test("a failure that another attempt may mend starts it at once; another one is final")
    func failures() {
        var hedge = machine()
        let mendable = AttemptFailure(.unavailable, .processed)
        #expect(hedge.ended(mendable, at: at(1)) { true } == .start)
        hedge.sent(at: at(1))
        #expect(hedge.ended(AttemptFailure(.notFound, .processed), at: at(2)) { true } == .finish)
        var committed = machine()
        #expect(
            committed.ended(AttemptFailure(.unavailable, .committed), at: at(1)) { true } == .finish
        )
    }

    @Test("the last failure of all attempts is the result")
    func allFail() {
        var hedge = machine(attempts: 2)
        let failure = AttemptFailure(.unavailable, .processed)
        #expect(hedge.fired(at: at(10)) { true } == .start)
        hedge.sent(at: at(10))
        #expect(hedge.ended(failure, at: at(11)) { true } == .wait)
        #expect(hedge.ended(failure, at: at(12)) { true } == .finish)
    }

    @Test("without budget no attempt follows, and the first one decides")
    func noBudget() {
        var hedge = machine()
        #expect(hedge.fired(at: at(10)) { false } == .wait)
        #expect(hedge.nextAt == .distantFuture)
        #expect(
            hedge.ended(AttemptFailure(.unavailable, .processed), at: at(11)) { true } == .finish)
    }

    @Test("pushback moves the next attempt, or forbids it")
    func pushback() {
        var hedge = machine()
        let later = AttemptFailure(
            .unavailable, .processed, pushback: .after(.milliseconds(50)))
        #expect(hedge.ended(later, at: at(1)) { true } == .wait)
        #expect(hedge.nextAt == at(51))
        #expect(hedge.fired(at: at(51)) { false } == .finish, "nothing is out any more")
        var stopped = machine()
        let never = AttemptFailure(.unavailable, .processed, pushback: .never)
        #expect(stopped.ended(never, at: at(1)) { true } == .finish)
    }

    @Test("the 95th percentile is within a quarter of a doubling, and follows a change")
    func quantile() {
        var quantile = LatencyQuantile()
        for _ in 0..<19 { quantile.record(.milliseconds(1)) }
        #expect(quantile.p95 == nil)
        var generator = SeededGenerator(seed: 4)
        for _ in 0..<5_000 {
            quantile.record(.microseconds(1 + generator.index(below: 10_000)))
        }
        let first = (quantile.p95 ?? .zero) / .milliseconds(1)
        #expect((9.4...12.0).contains(first), "\(first)")
        for _ in 0..<5_000 { quantile.record(.milliseconds(100)) }
        let second = (quantile.p95 ?? .zero) / .milliseconds(1)
        #expect((100...126).contains(second), "\(second)")
        for extreme in [Duration.zero, .seconds(-1), .seconds(1_000_000_000)] {
            quantile.record(extreme)
        }
    }
}

@Suite("The life of a client's connection")
struct KeepaliveMachineTests {
    private func machine(interval: Duration? = .seconds(2)) -> KeepaliveMachine {
        KeepaliveMachine(
            interval: interval, timeout: .seconds(2), idleTimeout: .seconds(900), at: at(0))
    }

    @Test("K1: a PING after 2 s without a byte, dead after 2 s more")
    func silence() {
        var life = machine()
        life.called(at: at(100), isFirst: true)
        #expect(life.nextAt(hasCalls: true) == at(2_100))
        #expect(life.check(hasCalls: true, at: at(2_099)) == .none)
        #expect(life.check(hasCalls: true, at: at(2_100)) == .ping)
        #expect(life.nextAt(hasCalls: true) == at(4_100))
        #expect(life.check(hasCalls: true, at: at(4_099)) == .none)
        #expect(life.check(hasCalls: true, at: at(4_100)) == .dead)
    }

    @Test("any byte counts as life")
    func bytes() {
        var life = machine()
        life.called(at: at(0), isFirst: true)
        life.received(at: at(1_500))
        #expect(life.check(hasCalls: true, at: at(2_000)) == .none)
        #expect(life.check(hasCalls: true, at: at(3_500)) == .ping)
        life.received(at: at(3_600))
        #expect(life.check(hasCalls: true, at: at(5_500)) == .none)
        #expect(life.nextAt(hasCalls: true) == at(5_600))
    }

    @Test("without calls there is no PING; the silence before a call does not count")
    func noCalls() {
        var life = machine()
        #expect(life.check(hasCalls: false, at: at(60_000)) == .none)
        life.called(at: at(60_000), isFirst: true)
        #expect(life.check(hasCalls: true, at: at(61_000)) == .none)
        #expect(life.check(hasCalls: true, at: at(62_000)) == .ping)
        // The last call has gone: its PING is forgotten.
        #expect(life.check(hasCalls: false, at: at(64_000)) == .none)
        #expect(life.nextAt(hasCalls: false) == at(62_000) + .seconds(900))
    }

    @Test("K1: off towards strangers; K4: closed after 15 min without a call")
    func idle() {
        var life = machine(interval: nil)
        life.called(at: at(0), isFirst: true)
        #expect(life.check(hasCalls: true, at: at(800_000)) == .none)
        #expect(life.nextAt(hasCalls: false) == at(1_700_000))
        #expect(life.check(hasCalls: false, at: at(1_699_999)) == .none)
        #expect(life.check(hasCalls: false, at: at(1_700_000)) == .close)
    }
}

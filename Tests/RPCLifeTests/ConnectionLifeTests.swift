import Testing

@testable import RPC

@Suite("How long a server keeps a connection")
struct ConnectionLifeTests {
    private typealias Activity = ServerKeepaliveMachine.Activity

    private static let start = Instant(nanoseconds: 5_000_000_000)
    private static func at(_ seconds: Double) -> Instant { start + .seconds(seconds) }
    private static func activity(
        received: Double = 0, called: Double = 0, streams: Int = 0
    ) -> Activity {
        Activity(lastReceived: at(received), lastCall: at(called), openStreams: streams)
    }

    @Test("K3: it ends at its age, give or take a tenth", arguments: [0.9, 1.0, 1.1])
    func age(jitter: Double) {
        let machine = Held(ServerKeepaliveMachine(.mesh, jitter: jitter, at: Self.start))
        let end = 1_800 * jitter
        let busy = Self.activity(received: end - 1, called: end - 1, streams: 1)
        #expect(machine.value.check(busy, at: Self.at(end - 1)) == .none)
        #expect(machine.value.nextAt(busy) == Self.start + .seconds(1_800) * jitter)
        #expect(machine.value.check(busy, at: Self.at(end + 0.001)) == .end(reason: "max_age"))
    }

    @Test("K3: without a call for 15 minutes it ends; a call or an open stream begins anew")
    func idle() {
        let machine = Held(ServerKeepaliveMachine(.mesh, jitter: 1, at: Self.start))
        #expect(machine.value.nextAt(Self.activity()) == Self.at(900))
        let called = Self.activity(received: 600, called: 600)
        #expect(machine.value.check(called, at: Self.at(900)) == .none)
        #expect(machine.value.nextAt(called) == Self.at(1_500))
        let streaming = Self.activity(received: 600, called: 600, streams: 1)
        #expect(machine.value.check(streaming, at: Self.at(1_500)) == .none)

        let unused = Held(ServerKeepaliveMachine(.mesh, jitter: 1, at: Self.start))
        let pinging = Self.activity(received: 899)
        #expect(unused.value.check(pinging, at: Self.at(900)) == .end(reason: "max_idle"))
    }

    @Test("K2: a PING after silence, and the peer is gone when nothing answers for 20 s")
    func ping() {
        let machine = Held(ServerKeepaliveMachine(.edge, jitter: 1, at: Self.start))
        let silent = Self.activity(streams: 1)
        #expect(machine.value.nextAt(silent) == Self.at(300))
        #expect(machine.value.check(silent, at: Self.at(299)) == .none)
        #expect(machine.value.check(silent, at: Self.at(300)) == .ping)
        #expect(machine.value.nextAt(silent) == Self.at(320))
        #expect(machine.value.check(silent, at: Self.at(319)) == .none)
        #expect(machine.value.check(silent, at: Self.at(320)) == .dead)
    }

    @Test("K2: any byte answers the PING")
    func answered() {
        let machine = Held(ServerKeepaliveMachine(.edge, jitter: 1, at: Self.start))
        _ = machine.value.check(Self.activity(streams: 1), at: Self.at(300))
        let alive = Self.activity(received: 301, streams: 1)
        #expect(machine.value.check(alive, at: Self.at(320)) == .none)
        #expect(machine.value.nextAt(alive) == Self.at(601))
        #expect(machine.value.check(alive, at: Self.at(601)) == .ping)
    }

    @Test("K2: the third PING that comes too early is one too many")
    func strikes() {
        let machine = Held(ServerKeepaliveMachine(.mesh, jitter: 1, at: Self.start))
        let first = machine.value.receivedPing(at: Self.at(0), isAnswer: false)
        #expect(first)
        var answers: [Bool] = []
        for ping in 1...3 {
            answers.append(
                machine.value.receivedPing(at: Self.at(0.5 * Double(ping)), isAnswer: false))
        }
        #expect(answers == [true, true, false])
    }

    @Test("K2: PINGs at the permitted interval cost nothing")
    func patient() {
        let machine = Held(ServerKeepaliveMachine(.mesh, jitter: 1, at: Self.start))
        for second in 0..<100 {
            let isWelcome = machine.value.receivedPing(at: Self.at(Double(second)), isAnswer: false)
            #expect(isWelcome)
        }
    }

    @Test("K2: what the server sent in between wipes the strikes out")
    func forgiven() {
        let machine = Held(ServerKeepaliveMachine(.mesh, jitter: 1, at: Self.start))
        for round in 0..<50 {
            let time = 0.03 * Double(round)
            let isFirst = machine.value.receivedPing(at: Self.at(time), isAnswer: true)
            let isSecond = machine.value.receivedPing(at: Self.at(time + 0.01), isAnswer: false)
            let isThird = machine.value.receivedPing(at: Self.at(time + 0.02), isAnswer: false)
            #expect(isFirst && isSecond && isThird)
        }
    }

    @Test("K5: two phases, the second after the PING's answer or a second")
    func drain() {
        let answered = Held(DrainMachine())
        #expect(answered.value.nextAt == .distantFuture)
        let isBegun = answered.value.begin("shutdown", grace: nil, at: Self.start)
        #expect(isBegun)
        #expect(answered.value.phase == .noticed)
        #expect(answered.value.check(at: Self.at(0.5)) == .none)
        let isDue = answered.value.acknowledged()
        #expect(isDue)
        let isDueAgain = answered.value.acknowledged()
        #expect(!isDueAgain)
        #expect(answered.value.nextAt == .distantFuture)

        let silent = Held(DrainMachine())
        _ = silent.value.begin("shutdown", grace: nil, at: Self.start)
        #expect(silent.value.nextAt == Self.at(1))
        #expect(silent.value.check(at: Self.at(1)) == .finish)
        #expect(silent.value.phase == .final)
        #expect(silent.value.check(at: Self.at(2)) == .none)
    }

    @Test("K3: what outlasts the grace of a connection is cut off, once")
    func grace() {
        let machine = Held(DrainMachine())
        _ = machine.value.begin("max_age", grace: .seconds(30), at: Self.start)
        _ = machine.value.acknowledged()
        #expect(machine.value.nextAt == Self.at(30))
        #expect(machine.value.check(at: Self.at(29)) == .none)
        #expect(machine.value.check(at: Self.at(30)) == .cutOff)
        #expect(machine.value.check(at: Self.at(31)) == .none)
    }

    @Test("a shutdown during the end of a connection does not begin it anew")
    func twice() {
        let machine = Held(DrainMachine())
        _ = machine.value.begin("max_age", grace: .seconds(30), at: Self.start)
        let isBegun = machine.value.begin("shutdown", grace: nil, at: Self.at(1))
        #expect(!isBegun)
        #expect(machine.value.reason == "max_age")
    }
}

@Suite("The steps of a server's end")
struct ServerDrainMachineTests {
    private static let start = Instant(nanoseconds: 5_000_000_000)
    private static func at(_ seconds: Double) -> Instant { start + .seconds(seconds) }

    private static func steps(
        _ machine: Held<ServerDrainMachine>
    ) -> [(ServerDrainMachine.Step, Duration)] {
        var steps: [(ServerDrainMachine.Step, Duration)] = []
        while let next = machine.value.nextAt, let step = machine.value.step(at: next) {
            steps.append((step, next - start))
        }
        return steps
    }

    @Test("with 8 s and 30 s they come at 8, 28, 33 and 38 s")
    func standard() {
        let machine = Held(
            ServerDrainMachine(
                endpointDelay: .seconds(8), grace: .seconds(30), at: Self.start))
        #expect(machine.value.step(at: Self.at(7.999)) == nil)
        let steps = Self.steps(machine)
        #expect(steps.map(\.0) == [.stopAccepting, .endStreams, .cutOff, .close])
        #expect(steps.map(\.1) == [.seconds(8), .seconds(28), .seconds(33), .seconds(38)])
        #expect(machine.value.nextAt == nil)
    }

    @Test("a short grace is divided in proportion")
    func short() {
        let machine = Held(
            ServerDrainMachine(
                endpointDelay: .zero, grace: .seconds(6), at: Self.start))
        let steps = Self.steps(machine)
        #expect(steps.map(\.1) == [.zero, .seconds(4), .seconds(5), .seconds(6)])
    }

    @Test("a second request jumps to the cut; the sockets get the rest of their time")
    func hurry() {
        let machine = Held(
            ServerDrainMachine(
                endpointDelay: .seconds(8), grace: .seconds(30), at: Self.start))
        machine.value.hurry(at: Self.at(2))
        let steps = Self.steps(machine)
        #expect(steps.map(\.0) == [.stopAccepting, .endStreams, .cutOff, .close])
        #expect(steps.map(\.1) == [.seconds(2), .seconds(2), .seconds(2), .seconds(7)])
    }

    @Test("hurrying late delays nothing")
    func hurryLate() {
        let machine = Held(
            ServerDrainMachine(
                endpointDelay: .zero, grace: .seconds(30), at: Self.start))
        for _ in 0..<3 { _ = machine.value.step(at: Self.at(25)) }
        machine.value.hurry(at: Self.at(29))
        #expect(machine.value.nextAt == Self.at(30))
    }
}

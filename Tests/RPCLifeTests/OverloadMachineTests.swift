import Testing

@testable import RPC

@Suite("Which calls a server takes when there are too many")
struct OverloadMachineTests {
    private static func at(_ milliseconds: Int64) -> Instant {
        Instant(nanoseconds: 1_000_000_000) + .milliseconds(milliseconds)
    }

    private static func machine(
        limit: Int = 5, criticalPercent: Int = 20, streams: Int = 2
    ) -> Held<OverloadMachine<Int>> {
        Held(
            OverloadMachine(
                OverloadPolicy(
                    maximumHandlers: limit, minimumHandlers: 1, isAdaptive: false,
                    criticalPercent: criticalPercent, maximumStreams: streams), seed: 1))
    }

    /// Fills every place that normal calls may have.
    private static func full(limit: Int = 5) -> Held<OverloadMachine<Int>> {
        let machine = machine(limit: limit)
        while machine.value.begin(.normal) {}
        return machine
    }

    @Test("a fifth of the limit is kept for critical calls")
    func reserve() {
        let machine = Self.machine()
        for _ in 0..<4 {
            let runs = machine.value.begin(.normal)
            #expect(runs)
        }
        #expect(machine.value.begin(.normal) == false)
        #expect(machine.value.begin(.sheddable) == false)
        let isTaken = machine.value.begin(.critical)
        #expect(isTaken)
        #expect(machine.value.begin(.critical) == false)
        #expect(machine.value.running == 5)
    }

    @Test("a part is kept of the smallest limit too, but never all of it", arguments: [1, 2, 4])
    func smallReserve(limit: Int) {
        let machine = Self.machine(limit: limit)
        var normal = 0
        while machine.value.begin(.normal) { normal += 1 }
        #expect(normal == max(1, limit - 1))
    }

    @Test("what waits goes newest first, the more important class before the others")
    func order() {
        let machine = Self.full()
        _ = machine.value.begin(.critical)
        let arrivals: [(Int, Criticality)] = [
            (1, .sheddable), (2, .normal), (3, .critical), (4, .normal), (5, .critical),
        ]
        for (call, criticality) in arrivals {
            let shed = machine.value.wait(call, criticality, at: Self.at(0)).shed
            #expect(shed.isEmpty)
        }
        var order: [Int] = []
        for _ in 0..<5 {
            machine.value.end()
            machine.value.end()
            if let call = machine.value.next() { order.append(call) }
            _ = machine.value.begin(.critical)
        }
        #expect(order == [5, 3, 4, 2, 1])
    }

    @Test("a place of the reserve is given to a critical call only")
    func reservedPlace() {
        let machine = Self.full()
        _ = machine.value.begin(.critical)
        _ = machine.value.wait(1, .normal, at: Self.at(0))
        machine.value.end()
        #expect(machine.value.next() == nil)
        machine.value.end()
        #expect(machine.value.next() == 1)
    }

    @Test("a critical call passes waiting ones of less importance; a normal one does not")
    func passing() {
        let machine = Self.full()
        _ = machine.value.wait(1, .normal, at: Self.at(0))
        #expect(machine.value.begin(.normal) == false)
        let passes = machine.value.begin(.critical)
        #expect(passes)
    }

    @Test("a call that waited more than 50 ms is given up when another comes, and not before")
    func stale() {
        let machine = Self.full()
        _ = machine.value.wait(1, .normal, at: Self.at(0))
        _ = machine.value.wait(2, .normal, at: Self.at(30))
        let early = machine.value.wait(3, .normal, at: Self.at(50)).shed
        #expect(early.isEmpty)
        let late = machine.value.wait(4, .normal, at: Self.at(90)).shed
        #expect(late.map(\.call) == [1, 2])
        #expect(machine.value.waitingCount == 2)
    }

    @Test("with nobody behind it a call runs however long it waited")
    func alone() {
        let machine = Self.full()
        _ = machine.value.wait(1, .normal, at: Self.at(0))
        machine.value.end()
        #expect(machine.value.next() == 1)
    }

    @Test("calls of more importance are not given up for those of less")
    func staleCritical() {
        let machine = Self.full()
        _ = machine.value.begin(.critical)
        _ = machine.value.wait(1, .critical, at: Self.at(0))
        let normal = machine.value.wait(2, .normal, at: Self.at(500)).shed
        #expect(normal.isEmpty)
        let critical = machine.value.wait(3, .critical, at: Self.at(600)).shed
        #expect(Set(critical.map(\.call)) == [1, 2])
    }

    @Test("a full queue gives up the oldest call of the least important class")
    func fullQueue() {
        let machine = Self.full()
        for call in 0..<3 { _ = machine.value.wait(call, .normal, at: Self.at(Int64(call))) }
        for call in 3..<5 { _ = machine.value.wait(call, .sheddable, at: Self.at(Int64(call))) }
        let first = machine.value.wait(10, .critical, at: Self.at(6))
        #expect(first.shed.map(\.call) == [3])
        let second = machine.value.wait(11, .sheddable, at: Self.at(7))
        #expect(second.shed.map(\.call) == [4])
        _ = machine.value.wait(12, .normal, at: Self.at(8))
        let itself = machine.value.wait(13, .sheddable, at: Self.at(9))
        #expect(itself.ticket == nil)
        #expect(itself.shed.map(\.call) == [13])
    }

    @Test("the pushback is twice the time in the queue, give or take a fifth")
    func pushback() throws {
        let machine = Self.full()
        _ = machine.value.wait(1, .normal, at: Self.at(0))
        let late = machine.value.wait(2, .normal, at: Self.at(100)).shed
        let shed = try #require(late.first)
        #expect((.milliseconds(160) ... .milliseconds(240)).contains(shed.pushback))
    }

    @Test("a caller that leaves gives its place in the queue back")
    func leaving() throws {
        let machine = Self.full()
        var tickets: [WaitingCalls<Int>.Ticket] = []
        for call in 0..<5 {
            let ticket = machine.value.wait(call, .normal, at: Self.at(0)).ticket
            tickets.append(try #require(ticket))
        }
        for index in [2, 4, 0] {
            let isRemoved = machine.value.leave(tickets[index])
            #expect(isRemoved)
        }
        let isRemovedAgain = machine.value.leave(tickets[2])
        #expect(!isRemovedAgain)
        machine.value.end()
        machine.value.end()
        #expect(machine.value.next() == 3)
        #expect(machine.value.next() == 1)
        #expect(machine.value.waitingCount == 0)
    }

    @Test("streams have a limit of their own and do not wait")
    func streams() {
        let machine = Self.full()
        let isFirst = machine.value.beginStream()
        let isSecond = machine.value.beginStream()
        let isThird = machine.value.beginStream()
        #expect(isFirst && isSecond && !isThird)
        machine.value.endStream()
        let isFourth = machine.value.beginStream()
        #expect(isFourth)
    }

    @Test("whatever happens, each call ends once, and no bound is passed", arguments: 1...40)
    func anything(seed: UInt64) {
        var run = RandomOverload(seed: seed)
        for _ in 0..<2_000 { run.step() }
        run.finish()
        #expect(run.faults.isEmpty, "seed \(seed): \(run.faults)")
    }

    @Test("header values name the classes; anything else is normal")
    func headers() {
        #expect(Criticality(header: "critical".utf8) == .critical)
        #expect(Criticality(header: "sheddable".utf8) == .sheddable)
        #expect(Criticality(header: "normal".utf8) == .normal)
        #expect(Criticality(header: "CRITICAL".utf8) == .normal)
        #expect(Criticality(header: "".utf8) == .normal)
        #expect(Criticality.critical < .sheddable)
    }
}

/// Does random things to the machine, and keeps the books beside it.
private struct RandomOverload {
    private enum Fate { case waiting, running, ended, shed, left }

    private var generator: SeededGenerator
    private var machine: OverloadMachine<Int>
    private let policy: OverloadPolicy
    private var fates: [Fate] = []
    private var classes: [Criticality] = []
    private var tickets: [Int: WaitingCalls<Int>.Ticket] = [:]
    private var now = Instant(nanoseconds: 1)
    private(set) var faults: [String] = []

    init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
        let limit = 1 + generator.index(below: 12)
        policy = OverloadPolicy(
            maximumHandlers: limit, minimumHandlers: 1 + generator.index(below: limit),
            isAdaptive: generator.unit() < 0.5)
        machine = OverloadMachine(policy, seed: seed)
    }

    mutating func step() {
        now = now + .microseconds(generator.index(below: 20_000))
        switch generator.index(below: 10) {
        case 0..<5: arrive()
        case 5..<9: end()
        default: leave()
        }
        check()
    }

    private mutating func arrive() {
        let call = fates.count
        let criticality = Criticality.allCases[generator.index(below: 3)]
        classes.append(criticality)
        if machine.begin(criticality) {
            fates.append(.running)
            if machine.isMeasured() {
                machine.measured(.microseconds(generator.index(below: 90_000)), at: now)
            }
            return
        }
        fates.append(.waiting)
        let (ticket, shed) = machine.wait(call, criticality, at: now)
        if let ticket { tickets[call] = ticket }
        for entry in shed {
            if fates[entry.call] != .waiting { faults.append("\(entry.call) shed twice") }
            if classes[entry.call] < criticality { faults.append("\(entry.call) matters more") }
            fates[entry.call] = .shed
            tickets[entry.call] = nil
        }
        if ticket == nil, fates[call] != .shed { faults.append("\(call) is lost") }
    }

    private mutating func end() {
        guard
            let call = fates.indices.filter({ fates[$0] == .running }).randomElement(
                using: &generator)
        else { return }
        fates[call] = .ended
        machine.end()
        startNext()
    }

    private mutating func startNext() {
        while let next = machine.next() {
            if fates[next] != .waiting { faults.append("\(next) does not wait") }
            let better = fates.indices.contains {
                fates[$0] == .waiting
                    && (classes[$0] < classes[next] || classes[$0] == classes[next] && $0 > next)
            }
            if better { faults.append("\(next) was not the next") }
            fates[next] = .running
            tickets[next] = nil
        }
    }

    private mutating func leave() {
        guard let (call, ticket) = tickets.min(by: { $0.key < $1.key }) else { return }
        if !machine.leave(ticket) { faults.append("\(call) cannot leave") }
        fates[call] = .left
        tickets[call] = nil
    }

    private mutating func check() {
        let running = fates.count { $0 == .running }
        let waiting = fates.count { $0 == .waiting }
        if machine.running != running { faults.append("\(machine.running) run, not \(running)") }
        if machine.waitingCount != waiting { faults.append("\(waiting) wait") }
        if running > policy.maximumHandlers { faults.append("\(running) run at once") }
        if waiting > policy.maximumHandlers { faults.append("\(waiting) wait at once") }
        if !(policy.minimumHandlers...policy.maximumHandlers).contains(machine.limit) {
            faults.append("limit \(machine.limit)")
        }
    }

    /// Everything that still runs or waits comes to its end.
    mutating func finish() {
        while fates.contains(.running) || fates.contains(.waiting) {
            let before = fates
            end()
            if fates == before {
                faults.append("\(machine.waitingCount) wait for ever")
                return
            }
        }
        check()
    }
}

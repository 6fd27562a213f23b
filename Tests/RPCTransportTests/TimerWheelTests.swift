import Testing

@testable import RPCTransport

@Suite("Timers")
struct TimerWheelTests {
    @Test("every timer fires at its tick, in order, whatever the distance")
    func order() {
        var random = SplitMix(state: 42)
        var wheel = TimerWheel<Int>(now: 5)
        var expected: [Int] = []
        for _ in 0..<2_000 {
            let distance = 1 << Int.random(in: 0...21, using: &random)
            let tick = 5 + Int.random(in: 1...distance, using: &random)
            _ = wheel.arm(tick, at: UInt64(tick))
            expected.append(tick)
        }
        expected.sort()
        var fired: [Int] = []
        var now: UInt64 = 5
        while wheel.count > 0 {
            now += UInt64.random(in: 1...5_000, using: &random)
            var due: [Int] = []
            wheel.advance(to: now, into: &due)
            #expect(due.allSatisfy { $0 <= Int(now) })
            fired += due
        }
        #expect(fired == expected)
    }

    @Test("a cancelled timer does not fire, and its handle means nothing afterwards")
    func cancel() {
        var wheel = TimerWheel<Int>(now: 0)
        let first = wheel.arm(1, at: 10)
        let second = wheel.arm(2, at: 10)
        var cancelled = [wheel.cancel(first), wheel.cancel(first)]
        let third = wheel.arm(3, at: 10)
        cancelled.append(wheel.cancel(first))
        #expect(cancelled == [true, false, false])
        var due: [Int] = []
        wheel.advance(to: 10, into: &due)
        #expect(due.sorted() == [2, 3])
        let late = [wheel.cancel(second), wheel.cancel(third)]
        #expect(late == [false, false])
        #expect(wheel.nextTick == nil)
    }

    @Test("random arming and cancelling agrees with a plain list")
    func model() {
        var random = SplitMix(state: 7)
        var wheel = TimerWheel<Int>(now: 0)
        var model: [Int: (tick: UInt64, handle: TimerWheel<Int>.Handle)] = [:]
        var now: UInt64 = 0
        for id in 0..<5_000 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<5:
                let tick = now + UInt64.random(in: 1...300_000, using: &random)
                model[id] = (tick, wheel.arm(id, at: tick))
            case 5..<7:
                guard let victim = model.keys.min(), let entry = model[victim] else { continue }
                model[victim] = nil
                let isCancelled = wheel.cancel(entry.handle)
                #expect(isCancelled)
            default:
                now += UInt64.random(in: 1...20_000, using: &random)
                var due: [Int] = []
                wheel.advance(to: now, into: &due)
                let expected = model.filter { $0.value.tick <= now }.keys
                #expect(due.sorted() == expected.sorted())
                for id in due { model[id] = nil }
            }
            #expect(wheel.count == model.count)
        }
    }
}

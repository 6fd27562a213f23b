import AssayMessages
import RPC
import RPCTransport

/// Four unary calls of five, the rest streams of all three kinds.
struct MixedLoad: Sendable {
    private let echo: BenchV1.Echo.Client
    private let streaming: BenchV1.Streaming.Client
    private let cancelPercent: Int
    private let seed: UInt64
    private let tally: Tally

    init(_ channel: RPCClient, cancelPercent: Int, seed: UInt64, tally: Tally) {
        echo = BenchV1.Echo.Client(channel)
        streaming = BenchV1.Streaming.Client(channel)
        self.cancelPercent = cancelPercent
        self.seed = seed
        self.tally = tally
    }

    /// More calls than this are not open at once: the rate cannot be kept.
    private static let maximumOpen = 5_000

    /// It begins as if it had stood still for so long: both sides grow at once to what a burst
    /// needs, instead of at the first pause of the machine.
    private static let firstBurst = Duration.milliseconds(100)

    /// Starts calls when they are due, whether or not others have ended.
    func run(rate: Int, for duration: Duration) async {
        let clock = ContinuousClock()
        let start = clock.now - Self.firstBurst
        let total = rate * Int(duration / .seconds(1))
        let pause = Duration.seconds(1) / rate
        var number = 0
        while number < total {
            let due = min(total, Int((clock.now - start) / pause) + 1)
            while number < due {
                let dueAt = start + pause * number
                let call = number
                number += 1
                guard tally.begin(limit: Self.maximumOpen) else {
                    tally.note(.failed("too many calls are open"), took: nil)
                    continue
                }
                // Not the child of a group: that would search thousands of its kind when it ends.
                Task {
                    await self.call(call, dueAt: dueAt)
                    tally.end()
                }
            }
            try? await clock.sleep(for: .milliseconds(1))
        }
        while tally.isAnyOpen { try? await clock.sleep(for: .milliseconds(10)) }
    }

    /// Starts a call as soon as another has ended.
    func run(concurrency: Int, for duration: Duration) async {
        let clock = ContinuousClock()
        let end = clock.now + duration
        await withDiscardingTaskGroup { group in
            for lane in 0..<concurrency {
                group.addTask {
                    var number = lane
                    while clock.now < end {
                        await self.call(number, dueAt: clock.now)
                        number += concurrency
                    }
                }
            }
        }
    }

    private func call(_ number: Int, dueAt: ContinuousClock.Instant) async {
        var random = Random(state: seed &+ UInt64(number))
        let isUnary = random.below(5) < 4
        let isCancelled = random.below(100) < cancelPercent
        do {
            if isCancelled {
                try await performAndCancel(isUnary: isUnary, &random)
            } else {
                try await perform(isUnary: isUnary, &random)
            }
            tally.note(.good, took: isUnary ? ContinuousClock().now - dueAt : nil)
        } catch {
            let wasOurs = isCancelled && (error as? RPCError)?.code ?? .cancelled == .cancelled
            tally.note(wasOurs ? .cancelled : .failed("\(error)"), took: nil)
        }
    }

    private func performAndCancel(isUnary: Bool, _ random: inout Random) async throws {
        let patience = Duration.microseconds(random.below(1_500))
        let work = Task { [random] in
            var random = random
            try await perform(isUnary: isUnary, &random)
        }
        try? await Task.sleep(for: patience)
        work.cancel()
        try await work.value
    }

    private func perform(isUnary: Bool, _ random: inout Random) async throws {
        let payload = [UInt8](repeating: 7, count: random.below(2_000))
        let message = BenchV1.EchoMessage(payload: payload)
        if isUnary {
            _ = try await echo.say(message)
            return
        }
        let count = 1 + random.below(20)
        switch random.below(3) {
        case 0:
            let request = BenchV1.ReplayRequest(payload: payload, count: UInt32(count))
            try await streaming.replay(request) { replies in
                for try await _ in replies {}
            }
        case 1:
            _ = try await streaming.collect { writer in
                for _ in 0..<count { try await writer.write(message) }
            }
        default:
            try await streaming.converse { writer, replies in
                for _ in 0..<count { try await writer.write(message) }
                writer.finish()
                for try await _ in replies {}
            }
        }
    }
}

/// SplitMix64: the same calls for the same seed.
struct Random {
    var state: UInt64

    mutating func below(_ bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ mixed >> 31) % UInt64(bound))
    }
}

internal import HTTP2
package import NIOCore
internal import NIOPosix
internal import RPC

/// What all connections of one event loop share: the executor, the timers, and the list of those
/// with something to send at the end of the tick. Belongs to its loop's thread.
package final class LoopContext {
    /// A connection with output.
    package protocol Flushable: AnyObject {
        func flush()
    }

    /// Told when its timer has run out.
    protocol TimerTarget: AnyObject {
        func timerFired()
    }

    typealias Timer = TimerWheel<any TimerTarget>.Handle

    let eventLoop: any EventLoop
    package let executor: LoopExecutor
    let runners: HandlerRunners
    /// Shared by the sessions of this loop.
    let workspace = HTTP2Workspace()
    /// For output on its way to a socket: used again if the socket took it at once.
    private var output = ByteBuffer()
    private var unflushed: [any Flushable] = []
    private var isFlushScheduled = false
    private let start: UInt64
    private var wheel = TimerWheel<any TimerTarget>(now: 0)
    private var due: [any TimerTarget] = []
    private var wakeTick: UInt64?

    /// Sendable although the value is not: each thread has its own.
    private struct Storage: @unchecked Sendable {
        let variable = ThreadSpecificVariable<LoopContext>()
    }
    private static let storage = Storage()

    /// The context of the loop on whose thread this is called.
    package static func current(on eventLoop: any EventLoop) -> LoopContext {
        eventLoop.preconditionInEventLoop()
        if let context = storage.variable.currentValue, context.eventLoop === eventLoop {
            return context
        }
        let context = LoopContext(eventLoop)
        storage.variable.currentValue = context
        return context
    }

    private init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        start = eventLoop.now.uptimeNanoseconds
        clockReader = { Instant(nanoseconds: eventLoop.now.uptimeNanoseconds) }
        executor = LoopExecutor(eventLoop)
        runners = HandlerRunners(executor, on: eventLoop)
        executor.afterJobs = { [unowned(unsafe) self] jobs in
            meter.ran(jobs)
            flushAll()
        }
    }

    // MARK: Output

    /// Has a connection flushed once, at the end of this tick.
    func needsFlush(_ connection: any Flushable) {
        unflushed.append(connection)
        if isFlushScheduled { return }
        isFlushScheduled = true
        let confined = LoopConfined(self)
        eventLoop.execute {
            confined.value.isFlushScheduled = false
            confined.value.flushAll()
        }
    }

    func flushAll() {
        while !unflushed.isEmpty {
            let connections = unflushed
            unflushed.removeAll(keepingCapacity: true)
            for connection in connections { connection.flush() }
        }
    }

    /// Copies bytes into a buffer for a channel.
    func buffered(_ bytes: UnsafeRawBufferPointer, _ send: (ByteBuffer) -> Void) {
        var buffer = output
        output = ByteBuffer()
        buffer.clear()
        buffer.writeBytes(bytes)
        send(buffer)
        if buffer.capacity <= Self.maximumKeptOutput { output = buffer }
    }

    private static let maximumKeptOutput = 256 << 10

    // MARK: Time

    /// Reads the time of the loop, from anywhere.
    let clockReader: @Sendable () -> Instant
    /// The time of the process, for those who are on no loop.
    static var now: Instant { Instant(nanoseconds: NIODeadline.now().uptimeNanoseconds) }
    /// The time of the loop: a test's loop has one of its own.
    var now: Instant { eventLoop.instant }
    /// The time when it was last read by `readClock`: for who follows at once.
    private(set) var clock = Instant(nanoseconds: 0)

    @discardableResult
    func readClock() -> Instant {
        clock = now
        return clock
    }

    /// What is counted of the loop itself.
    let meter = LoopMeter()

    func arm(_ target: any TimerTarget, at instant: Instant) -> Timer? {
        if instant == .distantFuture { return nil }
        if wheel.count == 0 { wheel.advance(to: tick(of: now, up: false), into: &due) }
        let timer = wheel.arm(target, at: tick(of: instant, up: true))
        scheduleWake()
        return timer
    }

    func cancel(_ timer: Timer?) {
        if let timer { wheel.cancel(timer) }
    }

    private func tick(of instant: Instant, up: Bool) -> UInt64 {
        let elapsed = instant.nanoseconds > start ? instant.nanoseconds - start : 0
        return elapsed / 1_000_000 + (up && elapsed % 1_000_000 != 0 ? 1 : 0)
    }

    private func scheduleWake() {
        guard let next = wheel.nextTick else { return }
        if let wakeTick, wakeTick <= next { return }
        wakeTick = next
        let confined = LoopConfined(self)
        let (nanoseconds, overflow) = next.multipliedReportingOverflow(by: 1_000_000)
        let at = overflow ? UInt64(Int64.max) : min(start + nanoseconds, UInt64(Int64.max))
        eventLoop.scheduleTask(deadline: .uptimeNanoseconds(at)) { confined.value.wake(next) }
    }

    private func wake(_ tick: UInt64) {
        if wakeTick == tick { wakeTick = nil }
        wheel.advance(to: self.tick(of: now, up: false), into: &due)
        let fired = due
        due.removeAll(keepingCapacity: true)
        for target in fired { target.timerFired() }
        flushAll()
        scheduleWake()
    }
}

extension EventLoop {
    /// The loop's time.
    var instant: Instant { Instant(nanoseconds: now.uptimeNanoseconds) }
}

/// Carries a loop's object through a `@Sendable` closure that runs on the same loop.
///
/// Sendable: a box is made on its loop, and `value` is read only in closures that run on that loop
/// (channel callbacks, futures, tasks submitted to it). Opening a box does not check this.
struct LoopConfined<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}

/// What a network does to the bytes that it carries.
package struct Weather: Sendable {
    /// On the way, in nanoseconds.
    package var delay: ClosedRange<UInt64> = 50_000...500_000
    /// Per mille of the segments that are lost and sent again.
    package var lostPerMille = 0
    /// The largest segment; what is sent is cut at random below it.
    package var segment = 64 << 10
    /// One bit of every so many segments changes; 0 means none.
    package var segmentsPerFlip = 0
    /// What a sender may have on the way before it has to wait.
    package var capacity = 256 << 10

    package init() {}
}

/// One direction of a connection: in order and complete, as TCP is, until it is cut.
final class SimulatedPipe {
    private let network: SimulatedNetwork
    private let address: String
    private let deliver: ([UInt8]) -> Void
    private let finish: () -> Void
    private let roomChanged: (Bool) -> Void

    /// When the last thing that was sent arrives.
    private var lastArrival: UInt64 = 0
    private var inFlight = 0
    private var isFull = false
    private var isCut = false
    private var isFinished = false
    /// While nothing gets through: what waits to be sent again.
    private var held: [[UInt8]] = []
    private var holdsFinish = false
    var isBlocked = false { didSet { if !isBlocked { release() } } }
    /// Runs when something gets through again.
    var whenReleased: (() -> Void)?

    init(
        _ network: SimulatedNetwork, _ address: String, deliver: @escaping ([UInt8]) -> Void,
        finish: @escaping () -> Void, roomChanged: @escaping (Bool) -> Void
    ) {
        self.network = network
        self.address = address
        self.deliver = deliver
        self.finish = finish
        self.roomChanged = roomChanged
    }

    /// Nothing arrives before `body` has run, so many nanoseconds from now.
    func begin(after delay: UInt64, _ body: @escaping () -> Void) {
        lastArrival = network.loop.time + delay
        network.loop.after(delay, body)
    }

    func send(_ bytes: UnsafeRawBufferPointer) {
        if isCut || isFinished { return }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = min(rest.count, network.segmentLength())
            let segment = Array(rest.prefix(count))
            rest = rest.dropFirst(count)
            inFlight += count
            carry(segment)
        }
        if inFlight > network.weather.capacity, !isFull {
            isFull = true
            network.loop.after(0) { self.tellRoom() }
        }
    }

    /// Nothing follows.
    func end() {
        if isCut || isFinished { return }
        isFinished = true
        carryEnd()
    }

    /// Whatever is on the way is lost.
    func cut() {
        isCut = true
        held = []
    }

    private func carry(_ segment: [UInt8]) {
        if isBlocked { return held.append(segment) }
        arrive { pipe in
            if pipe.isBlocked { return pipe.held.append(segment) }
            pipe.inFlight -= segment.count
            pipe.deliver(pipe.network.spoiled(segment))
            pipe.makeRoom()
        }
    }

    private func carryEnd() {
        if isBlocked {
            holdsFinish = true
            return
        }
        arrive { pipe in
            if pipe.isBlocked {
                pipe.holdsFinish = true
            } else {
                pipe.finish()
            }
        }
    }

    private func arrive(_ body: @escaping (SimulatedPipe) -> Void) {
        let at = max(
            lastArrival, network.loop.time + network.travelTime() + network.extraDelay(to: address))
        lastArrival = at
        network.loop.after(at - network.loop.time) {
            if !self.isCut { body(self) }
        }
    }

    private func release() {
        let segments = held
        held = []
        for segment in segments { carry(segment) }
        if holdsFinish {
            holdsFinish = false
            carryEnd()
        }
        let released = whenReleased
        whenReleased = nil
        released?()
    }

    private func makeRoom() {
        guard isFull, inFlight <= network.weather.capacity / 2, !isCut else { return }
        isFull = false
        tellRoom()
    }

    private func tellRoom() {
        if !isCut { roomChanged(!isFull) }
    }
}

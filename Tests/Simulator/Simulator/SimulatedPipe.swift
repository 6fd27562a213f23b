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
    /// What could not get through and comes first when something can; nil stands for the end.
    private var held: [[UInt8]?] = []
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
        carry(nil)
    }

    /// Whatever is on the way is lost.
    func cut() {
        isCut = true
        held = []
    }

    /// Has a segment arrive behind all that was sent before; nil stands for the end.
    private func carry(_ segment: [UInt8]?) {
        let way = network.travelTime() + network.extraDelay(to: address)
        let at = max(lastArrival, network.loop.time + way)
        lastArrival = at
        network.loop.after(at - network.loop.time) {
            if self.isCut { return }
            if self.isBlocked || !self.held.isEmpty {
                self.held.append(segment)
            } else {
                self.arrived(segment)
            }
        }
    }

    private func arrived(_ segment: [UInt8]?) {
        guard let segment else { return finish() }
        inFlight -= segment.count
        deliver(network.spoiled(segment))
        makeRoom()
    }

    /// What was held is sent again, and arrives before anything else.
    private func release() {
        network.loop.after(network.travelTime()) {
            while !self.isBlocked, !self.isCut, !self.held.isEmpty {
                self.arrived(self.held.removeFirst())
            }
            if self.isBlocked { return }
            let released = self.whenReleased
            self.whenReleased = nil
            released?()
        }
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

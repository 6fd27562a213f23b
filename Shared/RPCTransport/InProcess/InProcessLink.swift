internal import NIOCore

/// One end of a connection within the process. What it sends arrives at the other end in order, in a
/// later tick of the other end's loop. It is never full: HTTP/2's windows bound what is on its way.
///
/// Sendable: all but `eventLoop` is touched on that loop only; `other` is set before the ends part.
final class InProcessLink: ConnectionLink, @unchecked Sendable {
    let eventLoop: any EventLoop
    private var machine: (any ConnectionMachine)?
    /// Nil once this end is over.
    private var other: InProcessLink?
    private var isClosing = false
    private(set) var isOver = false
    /// Told whether the server has accepted the connection; at the client's end.
    var whenAnswered: ((_ isAccepted: Bool) -> Void)?
    /// Told when this end is over.
    var whenOver: (() -> Void)?

    private init(_ eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    /// Both ends of a connection, each for its loop.
    static func pair(
        _ near: any EventLoop, _ far: any EventLoop
    ) -> (near: InProcessLink, far: InProcessLink) {
        let (near, far) = (InProcessLink(near), InProcessLink(far))
        (near.other, far.other) = (far, near)
        return (near, far)
    }

    // MARK: Opening

    func attach(_ machine: any ConnectionMachine) {
        self.machine = machine
        machine.attach(self)
    }

    /// The server's end has its machine, or will not get one.
    func answer(isAccepted: Bool) {
        tellOther { $0.whenAnswered.take()?(isAccepted) }
    }

    /// Opens both ends, this one behind the other: nothing arrives at an end that is not open.
    func openBoth() {
        tellOther { $0.open() }
        open()
    }

    private func open() {
        machine?.opened(from: ConnectionOrigin(address: InProcessTransport.address))
    }

    // MARK: Bytes

    func send(_ bytes: UnsafeRawBufferPointer) {
        if isClosing { return }
        let bytes = Array(bytes)
        tellOther { $0.received(bytes) }
    }

    private func received(_ bytes: [UInt8]) {
        guard !isClosing, let machine else { return }
        bytes.withUnsafeBytes { machine.received($0) }
        machine.readCompleted()
    }

    // MARK: The end

    /// What was sent before arrives before the end.
    func close() {
        if isClosing { return }
        isClosing = true
        eventLoop.execute { self.end() }
    }

    func abort() { close() }

    private func end() {
        if isOver { return }
        (isClosing, isOver) = (true, true)
        machine.take()?.ended()
        whenOver.take()?()
        whenAnswered = nil
        tellOther { $0.end() }
        other = nil
    }

    private func tellOther(_ body: @escaping @Sendable (InProcessLink) -> Void) {
        guard let other else { return }
        other.eventLoop.execute { body(other) }
    }
}

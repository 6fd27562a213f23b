internal import RPC

/// The body of a call with one request message.
extension ServerConnection {
    func append(_ data: UnsafeRawBufferPointer, to call: ServerCall) {
        guard call.phase == .receiving else { return countDiscarded(data.count, of: call) }
        let (limit, encoding) = (call.acceptance.maximumBytes, call.acceptance.encoding)
        if call.acceptance.isFramed {
            if call.body.isEmpty, isWhole(data, limit: limit) {
                whole = (call, data)
                return
            }
            if call.body.isEmpty { reserveBody(of: call, data, limit: limit) }
            collect(data, for: call)
            let fault = call.body.withUnsafeBytes {
                MessageDeframer.faultAtBeginning(of: $0, limit: limit, encoding)
            }
            if let fault { refuse(call, fault.error(limit: limit)) }
        } else if call.body.count + data.count > limit {
            refuse(call, FramingFault.tooLarge(call.body.count + data.count).error(limit: limit))
        } else {
            collect(data, for: call)
        }
    }

    func collect(_ data: UnsafeRawBufferPointer, for call: ServerCall) {
        call.body.append(contentsOf: data)
        bodyBytes += data.count
    }

    func dropBody(of call: ServerCall) {
        bodyBytes -= call.body.count
        call.body = []
    }

    /// Whether the bytes are one message with its prefix: then they are read where they lie.
    private func isWhole(_ data: UnsafeRawBufferPointer, limit: Int) -> Bool {
        guard let prefix = MessagePrefix.read(data) else { return false }
        return prefix.flag == 0 && prefix.length <= limit
            && data.count == MessagePrefix.count + prefix.length
    }

    /// Makes room for a message once, if its prefix is there; no more than a frame's worth, so that a
    /// length alone reserves little.
    private func reserveBody(of call: ServerCall, _ data: UnsafeRawBufferPointer, limit: Int) {
        guard let prefix = MessagePrefix.read(data), prefix.length <= limit else { return }
        call.body.reserveCapacity(min(prefix.length + MessagePrefix.count, 16 << 10))
    }

    /// The read buffer goes: a body that was left in it moves to its call.
    func keepWholeBody() {
        guard let (call, body) = whole else { return }
        whole = nil
        collect(body, for: call)
    }

    func bodyEnded(of call: ServerCall) {
        if call.phase == .forwarding { call.forward?.receivedEnd() }
        if call.phase == .streaming { call.port?.inbox?.finish() }
        guard call.phase == .receiving else { return }
        if let (wholeCall, body) = whole, wholeCall === call {
            whole = nil
            dispatch(call, body)
        } else {
            let body = call.body
            dropBody(of: call)
            body.withUnsafeBytes { dispatch(call, $0) }
        }
    }
}

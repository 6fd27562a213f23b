internal import CNghttp2

/// One side of an HTTP/2 connection without a socket: bytes in, calls to the delegate; commands in,
/// bytes out. Owns one nghttp2 session.
///
/// Not thread-safe: belongs to one event loop.
public final class HTTP2Session {
    public enum Role: Sendable { case server, client }

    public let role: Role
    public let profile: HTTP2Profile
    let session: OpaquePointer
    /// The owner, which must let go of the session when the connection ends: a constant reference is
    /// used without being counted, which a weak or an unowned one is not.
    let delegate: any HTTP2SessionDelegate

    private let workspace: HTTP2Workspace
    /// The block that is being read. The session's own, since a block may come in several reads.
    let headers: UnsafeMutablePointer<HeaderScratch>
    /// Whose block that is.
    var currentStream: Unmanaged<HTTP2Stream>?
    /// When it began.
    var blockStart: UInt64 = 0
    /// Every stream object that was made, each at its `position`; they are used again and live as
    /// long as the session, so the library's callbacks need not retain them.
    private var pool: [HTTP2Stream] = []
    /// Positions of objects without a stream.
    private var free: [Int] = []

    /// Of the whole connection.
    public internal(set) var credit: ReceiveCredit

    var now: UInt64 = 0
    var score: MisbehaviourScore
    private var watch: FrameWatch
    var lastEvent: MisbehaviourScore.Event?
    var recentResets = RecentResets()
    var rateWindowStart: UInt64 = 0
    var streamsInWindow = 0
    /// Why we end the connection; nil as long as we do not.
    public internal(set) var misbehaviour: String? { didSet { isEnding = misbehaviour != nil } }
    private(set) var isEnding = false
    /// We have sent HEADERS or DATA since the peer's last PING.
    var hasSentSincePing = false
    /// Bytes of bodies that wait to be sent.
    public internal(set) var unsentBytes = 0

    /// Where `drain` gathers its output.
    let output: UnsafeMutablePointer<OutputBuffer>
    let fields: UnsafeMutablePointer<FieldBuffer>

    /// - Parameters:
    ///   - profile: the numbers to go by.
    ///   - workspace: shared by the sessions of one thread.
    public init(
        role: Role, profile: HTTP2Profile, delegate: any HTTP2SessionDelegate,
        workspace: HTTP2Workspace = HTTP2Workspace()
    ) {
        self.role = role
        self.profile = profile
        self.delegate = delegate
        watch = FrameWatch(role: role)
        score = MisbehaviourScore(
            capacity: profile.misbehaviourCapacity, refillPerSecond: profile.misbehaviourRefill)
        credit = ReceiveCredit(allowance: profile.maximumBufferedBytes)
        self.workspace = workspace
        fields = workspace.fields
        headers = .allocate(capacity: 1)
        headers.initialize(to: HeaderScratch())
        output = workspace.output
        let options = Self.options(for: profile)
        defer { nghttp2_option_del(options) }
        var made: OpaquePointer?
        let make = role == .server ? nghttp2_session_server_new3 : nghttp2_session_client_new3
        var memory = MemoryPool.functions(of: workspace.memory)
        let result = make(&made, HTTP2Callbacks.shared.pointer, nil, options, &memory)
        guard result == 0, let made else {
            fatalError("out of memory for an HTTP/2 session (\(result))")
        }
        session = made
        nghttp2_session_set_user_data(session, Unmanaged.passUnretained(self).toOpaque())
        submitSettings()
    }

    deinit {
        nghttp2_session_del(session)
        headers.pointee.deallocate()
        headers.deallocate()
    }

    private static func options(for profile: HTTP2Profile) -> OpaquePointer {
        var options: OpaquePointer?
        guard nghttp2_option_new(&options) == 0, let options else {
            fatalError("out of memory for HTTP/2 options")
        }
        nghttp2_option_set_no_auto_window_update(options, 1)
        // gRPC strips blanks around values; the library would take them for an error.
        nghttp2_option_set_no_rfc9113_leading_and_trailing_ws_validation(options, 1)
        nghttp2_option_set_no_closed_streams(options, 1)
        nghttp2_option_set_max_continuations(options, profile.maximumContinuations)
        nghttp2_option_set_max_outbound_ack(options, profile.maximumOutboundAcknowledgements)
        nghttp2_option_set_max_settings(options, profile.maximumSettings)
        nghttp2_option_set_max_deflate_dynamic_table_size(options, Int(profile.headerTableBytes))
        // Resets are judged by our own score; the library's limiter is a backstop far behind it.
        nghttp2_option_set_stream_reset_rate_limit(
            options, profile.libraryResetBurst, profile.libraryResetsPerSecond)
        // Else nobody would see frames of unknown types.
        for type in UInt8(NGHTTP2_ALTSVC.rawValue)...UInt8.max {
            nghttp2_option_set_user_recv_extension_type(options, type)
        }
        nghttp2_option_set_peer_max_concurrent_streams(options, 100)
        return options
    }

    private func submitSettings() {
        var settings = [
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue),
                value: UInt32(profile.streamWindow)),
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_MAX_FRAME_SIZE.rawValue),
                value: profile.maximumFrameBytes),
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_HEADER_TABLE_SIZE.rawValue),
                value: profile.headerTableBytes),
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE.rawValue),
                value: UInt32(profile.maximumMetadataBytes)),
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES.rawValue), value: 1),
        ]
        switch role {
        case .server:
            settings.append(
                nghttp2_settings_entry(
                    settings_id: Int32(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS.rawValue),
                    value: profile.maximumConcurrentStreams))
        case .client:
            settings.append(
                nghttp2_settings_entry(
                    settings_id: Int32(NGHTTP2_SETTINGS_ENABLE_PUSH.rawValue), value: 0))
        }
        nghttp2_submit_settings(session, 0, settings, settings.count)
        nghttp2_session_set_local_window_size(session, 0, 0, profile.connectionWindow)
    }

    // MARK: Bytes

    /// Reads what came from the peer at `now` (monotonic nanoseconds). After an error, send what
    /// `drain` still yields (it holds the GOAWAY) and close.
    public func receive(_ bytes: UnsafeRawBufferPointer, now: UInt64) throws(HTTP2Error) {
        self.now = now
        var (fed, position, start) = (0, 0, 0)
        while let suspicion = watch.next(in: bytes, at: &position, start: &start) {
            try feed(bytes, fed..<start)
            fed = start
            try judge(suspicion)
        }
        try feed(bytes, fed..<bytes.count)
        if let misbehaviour { throw HTTP2Error(misbehaviour) }
    }

    private func feed(
        _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>
    ) throws(HTTP2Error) {
        guard !range.isEmpty, let base = bytes.baseAddress else { return }
        let start = base.assumingMemoryBound(to: UInt8.self) + range.lowerBound
        let read = nghttp2_session_mem_recv(session, start, range.count)
        guard read < 0 else { return }
        ended(by: Int32(read))
        throw HTTP2Error(misbehaviour ?? Self.text(Int32(read)))
    }

    /// Gathers what is ready to be sent, up to about `limit` bytes, and lends it to `write` in one
    /// piece. Returns whether that was all.
    public func drain(
        limit: Int = .max, _ write: (UnsafeRawBufferPointer) -> Void
    ) throws(HTTP2Error) -> Bool {
        output.pointee.removeAll()
        var isDrained = false
        while output.pointee.count < limit {
            var bytes: UnsafePointer<UInt8>?
            let before = output.pointee.count
            let count = nghttp2_session_mem_send(session, &bytes)
            if count < 0 { throw HTTP2Error(Self.text(Int32(count))) }
            if count > 0 {
                output.pointee.append(UnsafeRawBufferPointer(start: bytes, count: count))
            } else if output.pointee.count == before {
                // DATA goes straight to the output; only if nothing came either, that was all.
                isDrained = true
                break
            }
        }
        if output.pointee.count > 0 { write(output.pointee.bytes) }
        return isDrained
    }

    /// Whether there is something to send.
    public var wantsToWrite: Bool { nghttp2_session_want_write(session) != 0 }
    /// Neither reading nor writing makes sense any more: close.
    public var isFinished: Bool {
        nghttp2_session_want_read(session) == 0 && nghttp2_session_want_write(session) == 0
    }
    /// Whether the peer has opened a stream that was served (server).
    public var hasHadRequests: Bool { nghttp2_session_get_last_proc_stream_id(session) > 0 }
    /// Streams that are open.
    public private(set) var openStreams = 0
    /// What the peer allows us to have open at once.
    public var peerStreamLimit: Int {
        Int(
            nghttp2_session_get_remote_settings(
                session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS))
    }

    /// Bytes that came and that no WINDOW_UPDATE has given back yet: what was not consumed, and of what
    /// was consumed less than half a window.
    public var unreturnedBytes: Int {
        Int(nghttp2_session_get_effective_recv_data_length(session))
    }
    /// The room that we give the peer for the whole connection.
    public var localWindow: Int { Int(nghttp2_session_get_effective_local_window_size(session)) }
    /// The room that the peer gives us for the whole connection.
    public var remoteWindow: Int { Int(nghttp2_session_get_remote_window_size(session)) }

    static func text(_ code: Int32) -> String { String(cString: nghttp2_strerror(code)) }

    // MARK: Streams

    func open(_ id: Int32) -> Unmanaged<HTTP2Stream> {
        let stream = reserve()
        stream.id = id
        let pointer = Unmanaged.passUnretained(stream)
        nghttp2_session_set_stream_user_data(session, id, pointer.toOpaque())
        return pointer
    }

    /// A stream object whose number is not known yet.
    func reserve() -> HTTP2Stream {
        openStreams += 1
        if let position = free.popLast() {
            let stream = pool[position]
            stream.prepare()
            return stream
        }
        let stream = HTTP2Stream(position: pool.count)
        stream.prepare()
        pool.append(stream)
        return stream
    }

    func close(_ stream: HTTP2Stream) {
        openStreams -= 1
        unsentBytes -= stream.unsent
        if let current = currentStream,
            current.toOpaque() == Unmanaged.passUnretained(stream).toOpaque()
        {
            leaveBlock()
        }
        stream.release()
        free.append(stream.position)
    }

    /// The streams that are open now.
    public var openStreamList: [HTTP2Stream] { pool.filter(\.isOpen) }

    /// The stream's object: what `open` stored with the library, so no second table is searched.
    func stream(_ id: Int32) -> Unmanaged<HTTP2Stream>? {
        nghttp2_session_get_stream_user_data(session, id).map {
            Unmanaged<HTTP2Stream>.fromOpaque($0)
        }
    }
}

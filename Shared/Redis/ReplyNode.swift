internal import CHiredis

/// How many elements the reply being read has so far.
final class ReplyBudget {
    private let maximumElements: Int
    private var elements = 0
    private(set) var isExceeded = false

    init(maximumElements: Int) {
        self.maximumElements = maximumElements
    }

    func reset() {
        elements = 0
    }

    /// False, from then on, once there are too many.
    func take(_ count: Int) -> Bool {
        let (sum, overflow) = elements.addingReportingOverflow(count)
        if overflow || sum > maximumElements { isExceeded = true }
        elements = overflow ? .max : sum
        return !isExceeded
    }
}

/// One value of a reply while hiredis builds it.
///
/// hiredis holds one reference to the outermost node; each other node is held by its parent.
final class ReplyNode {
    private enum Content {
        case leaf(RedisValue)
        case array
    }

    private let content: Content
    private var children: [ReplyNode] = []

    private init(_ content: Content) {
        self.content = content
    }

    var value: RedisValue {
        switch content {
        case .leaf(let value): value
        case .array: .array(children.map(\.value))
        }
    }

    /// Puts a new node in its place and returns what hiredis keeps of it.
    private static func make(
        _ content: Content, _ task: UnsafePointer<redisReadTask>?
    ) -> UnsafeMutableRawPointer? {
        guard let task else { return nil }
        let node = ReplyNode(content)
        guard let parent = task.pointee.parent?.pointee.obj else {
            return Unmanaged.passRetained(node).toOpaque()
        }
        Unmanaged<ReplyNode>.fromOpaque(parent).takeUnretainedValue().children.append(node)
        return Unmanaged.passUnretained(node).toOpaque()
    }

    private static func budget(of task: UnsafePointer<redisReadTask>?) -> ReplyBudget? {
        task?.pointee.privdata.map {
            Unmanaged<ReplyBudget>.fromOpaque($0).takeUnretainedValue()
        }
    }

    // The table is written once, before anybody reads it, and lives as long as the process.
    nonisolated(unsafe) static let functions: UnsafeMutablePointer<redisReplyObjectFunctions> = {
        let table = UnsafeMutablePointer<redisReplyObjectFunctions>.allocate(capacity: 1)
        table.initialize(
            to: redisReplyObjectFunctions(
                createString: { task, text, length in
                    let bytes = UnsafeRawBufferPointer(start: text, count: length)
                    return make(.leaf(string(of: task, bytes)), task)
                },
                createArray: { task, count in
                    // Refused before anything is reserved: the count is only the peer's word.
                    guard budget(of: task)?.take(Int(count)) == true else { return nil }
                    return make(.array, task)
                },
                createInteger: { task, value in make(.leaf(.integer(value)), task) },
                createNil: { task in make(.leaf(.null), task) },
                freeObject: { object in
                    if let object { Unmanaged<ReplyNode>.fromOpaque(object).release() }
                }))
        return table
    }()

    private static func string(
        of task: UnsafePointer<redisReadTask>?, _ bytes: UnsafeRawBufferPointer
    ) -> RedisValue {
        switch task?.pointee.type {
        case REDIS_REPLY_STATUS: .status(String(decoding: bytes, as: UTF8.self))
        case REDIS_REPLY_ERROR: .error(RedisServerError(String(decoding: bytes, as: UTF8.self)))
        default: .bytes(Array(bytes))
        }
    }
}

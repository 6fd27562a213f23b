public import RPC
internal import Synchronization

/// How many requests ended how. Every label is from a table of ours, none from a request.
///
/// What happens to nearly every request, an end without a reason, is an index and one addition; only
/// what was refused or failed is looked up by its reason, behind a lock.
public final class GatewayCounters: Sendable {
    public struct Key: Sendable, Hashable {
        public var method: String
        public var face: Face
        public var status: StatusCode
        public var reason: String
    }

    /// How a method was called.
    public enum Face: Int, Sendable, Hashable, CaseIterable, CustomStringConvertible {
        case grpc, json, other

        init(_ type: ContentType) {
            switch type {
            case .grpc, .grpcProto, .grpcAssay: self = .grpc
            case .json: self = .json
            case .otherGRPC, .other: self = .other
            }
        }

        public var description: String {
            switch self {
            case .grpc: "grpc"
            case .json: "json"
            case .other: "other"
            }
        }
    }

    /// The ends without a reason of one method's calls.
    private final class Row: Sendable {
        static let width = 51
        let counts: InlineArray<51, Atomic<Int>>

        init() {
            precondition(Self.width == Face.allCases.count * StatusCode.allCases.count)
            counts = InlineArray { _ in Atomic(0) }
        }

        static func column(_ face: Face, _ status: StatusCode) -> Int {
            face.rawValue * StatusCode.allCases.count + Int(status.rawValue)
        }
    }

    /// Methods, codes and reasons are few; the bound only guards against a bug of ours.
    private static let maximumReasons = 4096

    private let paths: [String]
    private let rows: [Row]
    private let others = Mutex<[Key: Int]>([:])
    /// What came of credentials.
    public let authentication = AuthenticationCounters()

    /// - Parameter methods: All that can ever be routed, in the order that routes are numbered by;
    ///   others are counted too, at a higher price.
    public init(methods: [MethodDescriptor] = []) {
        paths = methods.map(\.path)
        rows = methods.map { _ in Row() }
    }

    package func count(_ entry: AccessLogEntry) {
        let face = Face(entry.face)
        if entry.reason.isEmpty, let number = entry.methodNumber, paths.indices.contains(number),
            paths[number] == entry.method
        {
            let column = Row.column(face, entry.status)
            rows[number].counts[column].add(1, ordering: .relaxed)
        } else {
            let key = Key(
                method: entry.method, face: face, status: entry.status, reason: entry.reason)
            others.withLock { counts in
                if counts.count < Self.maximumReasons || counts[key] != nil {
                    counts[key, default: 0] += 1
                }
            }
        }
        authentication.count(entry)
    }

    /// Those that are not zero, in a stable order.
    public func all() -> [(key: Key, count: Int)] {
        var all = others.withLock { $0 }
        for (path, row) in zip(paths, rows) {
            for face in Face.allCases {
                for status in StatusCode.allCases {
                    let count = row.counts[Row.column(face, status)].load(ordering: .relaxed)
                    guard count > 0 else { continue }
                    let key = Key(method: path, face: face, status: status, reason: "")
                    all[key, default: 0] += count
                }
            }
        }
        return all.map { (key: $0.key, count: $0.value) }.sorted { left, right in
            let (a, b) = (left.key, right.key)
            return (a.method, a.face.rawValue, a.status.rawValue, a.reason)
                < (b.method, b.face.rawValue, b.status.rawValue, b.reason)
        }
    }
}

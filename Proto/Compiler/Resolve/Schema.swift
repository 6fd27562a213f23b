/// All packages of a compilation, with names resolved and annotations typed.
struct Schema: Sendable {
    var packages: [Package] = []
    /// Messages, unions and enums, in the order of their sources.
    var types: [TypeDeclaration] = []
    var services: [Service] = []
    var scalars: [NamedScalar] = []

    func message(_ id: TypeID) -> Message? {
        if case .message(let message) = types[id.index] { message } else { nil }
    }

    func enumeration(_ id: TypeID) -> Enumeration? {
        if case .enumeration(let enumeration) = types[id.index] { enumeration } else { nil }
    }

    func package(of type: TypeDeclaration) -> Package { packages[type.package] }

    func type(named fullName: String) -> TypeID? {
        types.firstIndex { $0.fullName == fullName }.map(TypeID.init)
    }

    func service(named fullName: String) -> Service? {
        services.first { $0.fullName == fullName }
    }
}

/// A `scalar` declaration. Fields hold its base and its annotations merged into their own.
struct NamedScalar: Sendable {
    let name: String
    let fullName: String
    let package: Int
    let base: Builtin
    let doc: [String]
    let annotations: [Annotation]
    let location: Location
}

/// A message, union or enum: its index in `Schema.types`.
struct TypeID: Hashable, Sendable {
    let index: Int
}

struct Package: Sendable {
    let name: String
    let doc: [String]
    let annotations: [Annotation]
    /// The Swift namespace: `BankRiskV1`, or what `@swift` says.
    let swiftName: String
    /// `@protobuf_types`: a foreign schema (wire.md §6).
    let isForeign: Bool
    /// The path of its `.proto` file: by the package's name, or what `@protobuf_types` says.
    let protoPath: String
    /// Names of the packages that its files import, sorted.
    var imports: [String] = []
    var types: [TypeID] = []
    /// Indices in `Schema.services`.
    var services: [Int] = []
    let location: Location
}

enum TypeDeclaration: Sendable {
    case message(Message)
    case enumeration(Enumeration)

    var package: Int {
        switch self {
        case .message(let message): message.package
        case .enumeration(let enumeration): enumeration.package
        }
    }

    /// The name inside the package; dotted only in foreign packages.
    var name: String {
        switch self {
        case .message(let message): message.name
        case .enumeration(let enumeration): enumeration.name
        }
    }

    var fullName: String {
        switch self {
        case .message(let message): message.fullName
        case .enumeration(let enumeration): enumeration.fullName
        }
    }

    var location: Location {
        switch self {
        case .message(let message): message.location
        case .enumeration(let enumeration): enumeration.location
        }
    }
}

/// A message; or a union, which is a message with exactly one oneof.
struct Message: Sendable {
    let name: String
    let fullName: String
    let package: Int
    let isUnion: Bool
    let doc: [String]
    let annotations: [Annotation]
    /// In ascending order of their numbers.
    var fields: [Field] = []
    var oneofs: [Oneof] = []
    var reserved: [Reserved] = []
    /// Where each entry of `reserved` is written.
    var reservedLocations: [Location] = []
    var isSealable = false
    /// `@depth(n)`.
    var recursionLimit: Int?
    let location: Location

    /// Fields outside a oneof.
    var plainFields: [Field] { fields.filter { $0.oneof == nil } }

    func members(of oneof: Int) -> [Field] { fields.filter { $0.oneof == oneof } }
}

struct Oneof: Sendable {
    let name: String
    let doc: [String]
    let annotations: [Annotation]
    let isRequired: Bool
    let location: Location
}

enum Reserved: Sendable, Hashable {
    case numbers(ClosedRange<Int>)
    case name(String)
}

struct Enumeration: Sendable {
    let name: String
    let fullName: String
    let package: Int
    let doc: [String]
    let annotations: [Annotation]
    /// In ascending order of their numbers.
    var values: [EnumValue] = []
    var reserved: [Reserved] = []
    /// Where each entry of `reserved` is written.
    var reservedLocations: [Location] = []
    let location: Location
}

struct EnumValue: Sendable {
    let name: String
    let number: Int
    let doc: [String]
    let annotations: [Annotation]
    let deprecated: String?
    let location: Location
    let numberLocation: Location
}

struct Service: Sendable {
    let name: String
    let fullName: String
    let package: Int
    let doc: [String]
    let annotations: [Annotation]
    var methods: [Method] = []
    let location: Location
}

struct Method: Sendable {
    let name: String
    let doc: [String]
    let annotations: [Annotation]
    let request: TypeID
    let response: TypeID
    let streamsRequest: Bool
    let streamsResponse: Bool
    var policy: MethodPolicy
    let location: Location
}

/// What the annotations of an rpc, and of its service, say about calls of it.
struct MethodPolicy: Sendable {
    enum Access: Sendable, Hashable {
        case `public`
        case scope(String, mutualTLS: Bool)
    }

    enum Idempotency: Sendable, Hashable {
        case none, readonly
        /// Field numbers from the request to the key.
        case keyed(path: [Int], nanoseconds: UInt64)
    }

    var access = Access.public
    var idempotency = Idempotency.none
    var cost: UInt64 = 1
    var deadlineNanoseconds: UInt64?
    var retry: (maximum: UInt64, on: [String])?
    var maximumRequestBytes: UInt64?
    var maximumResponseBytes: UInt64?
}

/// An annotation that is kept for canonical text: its name and arguments, normalized.
struct Annotation: Sendable, Hashable {
    let name: String
    /// `@max(64)`, as canonical text writes it.
    let text: String
    let location: Location
}

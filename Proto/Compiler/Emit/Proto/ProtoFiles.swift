/// The `.proto` files of a schema: one per package, and those that they import.
struct ProtoFiles {
    /// Holds Decimal, Money and Date besides what the package declares.
    static let valueTypesPackage = "assay.types.v1"

    /// One per package; besides them always the one of the value types.
    let own: [ProtoFile]
    /// They and protobuf's own files that they import; each after those that it imports.
    let all: [ProtoFile]

    init(_ schema: Schema) {
        var own = schema.packages.indices.map { ProtoLowering(schema: schema, package: $0).file() }
        if !schema.packages.contains(where: { $0.name == Self.valueTypesPackage }) {
            own.append(
                ProtoFile(
                    path: Self.path(of: Self.valueTypesPackage), package: Self.valueTypesPackage,
                    types: WellKnownFiles.valueTypes))
        }
        self.own = own
        all = Self.withImports(own)
    }

    /// `bank.risk.v1` → `bank/risk/v1/risk.proto`.
    static func path(of package: String) -> String {
        let parts = package.split(separator: ".").map(String.init)
        let name = parts.last { !Resolver.isVersion($0) } ?? package
        return (parts + ["\(name).proto"]).joined(separator: "/")
    }

    /// By path, but each after its imports: the order in which `protoc` writes the same files.
    private static func withImports(_ files: [ProtoFile]) -> [ProtoFile] {
        let protobuf = [WellKnownFiles.duration, WellKnownFiles.timestamp]
        let byPath = Dictionary(
            (files + protobuf).map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
        var seen: Set<String> = []
        var result: [ProtoFile] = []
        func add(_ path: String) {
            guard let file = byPath[path], seen.insert(path).inserted else { return }
            file.imports.forEach(add)
            result.append(file)
        }
        files.map(\.path).sorted { $0.utf8.precedes($1.utf8) }.forEach(add)
        return result
    }
}

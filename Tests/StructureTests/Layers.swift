/// Who may import whom: the walls of the house, in one table.
///
/// `executables → *Core → (RPC, AssayMessages, Storage) → Wire`, and pure engines beside them. A
/// change here is a change of the architecture and updates ARCHITECTURE.md.
enum Layers {
    /// Folder of each target, longest first so that a file finds its own target.
    static let folders: [(folder: String, target: String)] = [
        ("Proto/Compiler", "SchemaCompiler"),
        ("Proto/schemac", "schemac"),
        ("Proto/Generated", "AssayMessages"),
        ("Shared/Wire", "Wire"),
        ("Shared/RPCTransport", "RPCTransport"),
        ("Shared/RPCServices", "RPCServices"),
        ("Shared/RPC", "RPC"),
        ("Shared/HTTP2", "HTTP2"),
        ("Shared/TLS", "TLS"),
        ("Shared/RuleLanguage", "RuleLanguage"),
        ("Shared/Redis", "Redis"),
        ("Shared/Storage", "Storage"),
        ("Shared/ServiceRuntime", "ServiceRuntime"),
        ("Shared/Observability", "Observability"),
        ("Shared/TestSupport", "TestSupport"),
        ("Services/Gateway/GatewayCore", "GatewayCore"),
        ("Services/Gateway/assay-gateway", "assay-gateway"),
        ("Services/RiskAssessment/RiskCore", "RiskCore"),
        ("Services/RiskAssessment/Simulation", "Simulation"),
        ("Services/RiskAssessment/assay-risk", "assay-risk"),
        ("Services/ModelServing/Numerics", "Numerics"),
        ("Services/ModelServing/Inference", "Inference"),
        ("Services/ModelServing/Statistics", "Statistics"),
        ("Services/ModelServing/ModelCore", "ModelCore"),
        ("Services/ModelServing/assay-models", "assay-models"),
        ("Services/FeatureStore/FeatureEngine", "FeatureEngine"),
        ("Services/FeatureStore/FeatureCore", "FeatureCore"),
        ("Services/FeatureStore/assay-features", "assay-features"),
        ("Services/CommandLine/assay", "assay"),
    ]

    /// Our own targets that each of our targets may import. Executables may import anything.
    static let allowed: [String: Set<String>] = [
        "Wire": [],
        "RPC": ["Wire"],
        "HTTP2": [],
        "TLS": [],
        "RPCTransport": ["RPC", "HTTP2", "TLS", "Wire"],
        "RPCServices": ["RPC", "AssayMessages", "Wire"],
        "RuleLanguage": ["Wire"],
        "Redis": ["TLS"],
        "Storage": [],
        "ServiceRuntime": ["RPC", "RPCTransport", "TLS", "Wire"],
        "Observability": [
            "RPC", "RPCTransport", "ServiceRuntime", "AssayMessages", "TLS",
        ],
        "TestSupport": ["RPC", "Wire"],
        "SchemaCompiler": ["Wire"],
        "AssayMessages": ["Wire", "RPC"],
        "Numerics": [],
        "Inference": ["Numerics", "Wire"],
        "Statistics": ["Numerics", "Wire"],
        "FeatureEngine": ["Wire", "RuleLanguage"],
        "Simulation": ["Wire", "AssayMessages"],
        "GatewayCore": ["RPC", "Wire", "AssayMessages", "Redis"],
        "RiskCore": ["RPC", "Wire", "AssayMessages", "RuleLanguage", "Storage", "Numerics"],
        "ModelCore": [
            "Inference", "Statistics", "Numerics", "RuleLanguage", "RPC", "Wire", "AssayMessages",
            "Redis", "Storage",
        ],
        "FeatureCore": [
            "FeatureEngine", "RPC", "Wire", "AssayMessages", "Storage", "RuleLanguage", "Redis",
        ],
    ]

    static let executables: Set<String> = [
        "schemac", "assay-gateway", "assay-risk", "assay-models", "assay-features", "assay",
    ]

    /// The one target that may import each C library.
    static let owners: [String: String] = [
        "CNghttp2": "HTTP2", "COpenSSL": "TLS", "CHiredis": "Redis", "CRocksDB": "Storage",
        "CAllocator": "RPC", "CZlib": "RPC",
    ]

    /// The files that may hold unsafe pointers, of targets that otherwise do without.
    static let unsafePointers: [String: Set<String>] = [
        "Wire": [
            "WireReader.swift", "WireReader+TolerantDoor.swift", "WireWriter.swift",
            "UTF8Order.swift",
        ],
        "SchemaCompiler": [],
        "AssayMessages": [],
    ]

    /// Targets that know nothing of sockets, tasks, clocks or files.
    static let pure: Set<String> = [
        "RuleLanguage", "Numerics", "Inference", "Statistics", "FeatureEngine", "Simulation",
        "SchemaCompiler", "HTTP2",
        "RPC", "RPCServices", "Wire",
    ]

    /// What a pure target must not import: these bring sockets, clocks or files with them.
    static let impure: Set<String> = [
        "Foundation", "Dispatch", "NIOCore", "NIOPosix", "NIOHTTP1", "Logging",
    ]
}

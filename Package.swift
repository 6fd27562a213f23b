// swift-tools-version: 6.2
import PackageDescription

/// Strict settings for every target; in CI a warning is an error. The runtime's checks of exclusive
/// access run in debug builds, where all tests run; they are 6 % of a call's instructions.
let strict: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("ExistentialAny"),
        .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
    ] + (Context.environment["CI"] == nil ? [] : [.treatAllWarnings(as: .error)])

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let cryptoExtras = Target.Dependency.product(name: "CryptoExtras", package: "swift-crypto")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let yaml = Target.Dependency.product(name: "Yams", package: "Yams")

func library(
    _ name: String, _ path: String, _ dependencies: [Target.Dependency], exclude: [String] = []
) -> Target {
    .target(
        name: name, dependencies: dependencies, path: path, exclude: exclude, swiftSettings: strict)
}

func program(
    _ name: String, _ path: String, _ dependencies: [Target.Dependency], exclude: [String] = []
) -> Target {
    .executableTarget(
        name: name, dependencies: dependencies, path: path, exclude: exclude, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, path: "Tests/\(name)", exclude: exclude,
        swiftSettings: strict)
}

func system(_ name: String, pkgConfig: String?, apt: String) -> Target {
    .systemLibrary(
        name: name, path: "Shared/\(name)", pkgConfig: pkgConfig, providers: [.apt([apt])])
}

let targets: [Target] = [
    // C libraries, each with one owner.
    system("CNghttp2", pkgConfig: "libnghttp2", apt: "libnghttp2-dev"),
    system("COpenSSL", pkgConfig: "openssl", apt: "libssl-dev"),
    .target(
        name: "CAllocator", path: "Shared/CAllocator",
        linkerSettings: [.linkedLibrary("jemalloc")]),
    system("CZlib", pkgConfig: "zlib", apt: "zlib1g-dev"),
    system("CHiredis", pkgConfig: nil, apt: "libhiredis-dev"),
    system("CRocksDB", pkgConfig: nil, apt: "librocksdb-dev"),

    // The schema compiler and what it generates.
    library("SchemaCompiler", "Proto/Compiler", ["Wire", crypto]),
    program("schemac", "Proto/schemac", ["SchemaCompiler", "Wire", arguments, crypto]),
    library("AssayMessages", "Proto/Generated", ["Wire", "RPC"]),

    // What every service stands on.
    library("Wire", "Shared/Wire", [crypto]),
    library("RPC", "Shared/RPC", ["Wire", "CZlib", "CAllocator"]),
    library("HTTP2", "Shared/HTTP2", ["CNghttp2"]),
    library("TLS", "Shared/TLS", ["COpenSSL", nioCore]),
    library(
        "RPCTransport", "Shared/RPCTransport",
        ["RPC", "HTTP2", "TLS", "Wire", nioCore, nioPosix, nioHTTP1]),
    library("RPCServices", "Shared/RPCServices", ["RPC", "AssayMessages", "Wire"]),
    library("RuleLanguage", "Shared/RuleLanguage", ["Wire"]),
    library("Redis", "Shared/Redis", ["CHiredis", "TLS", crypto, nioCore, nioPosix]),
    library("Storage", "Shared/Storage", ["CRocksDB"]),
    library(
        "ServiceRuntime", "Shared/ServiceRuntime",
        [
            "RPC", "RPCTransport", "TLS", "Wire", arguments, logging, yaml, nioCore, nioPosix,
            nioHTTP1,
        ]),
    library(
        "Observability", "Shared/Observability",
        [
            "RPC", "RPCTransport", "ServiceRuntime", "AssayMessages", "TLS", logging, nioCore,
            nioPosix,
        ]),
    library("TestSupport", "Shared/TestSupport", ["RPC", "Wire", nioCore, nioPosix]),

    // The services.
    library(
        "GatewayCore", "Services/Gateway/GatewayCore",
        ["RPC", "Wire", "AssayMessages", "Redis", crypto, cryptoExtras, yaml, logging]),
    program(
        "assay-gateway", "Services/Gateway/assay-gateway",
        [
            "GatewayCore", "AssayMessages", "Observability", "RPC", "RPCServices", "RPCTransport",
            "Redis", "ServiceRuntime", "TLS", arguments, logging, nioCore, nioPosix,
        ]),
    library(
        "RiskCore", "Services/RiskAssessment/RiskCore",
        ["RPC", "Wire", "AssayMessages", "RuleLanguage", "Storage", "Numerics", crypto, yaml]),
    library(
        "Simulation", "Services/RiskAssessment/Simulation", ["Wire", "AssayMessages"],
        exclude: ["README.md"]),
    program(
        "assay-risk", "Services/RiskAssessment/assay-risk",
        [
            "RiskCore", "Observability", "RPC", "RPCServices", "RPCTransport", "ServiceRuntime",
            "Storage", arguments, logging,
        ]),
    library("Numerics", "Services/ModelServing/Numerics", []),
    library("Inference", "Services/ModelServing/Inference", ["Numerics", "Wire", crypto]),
    library("Statistics", "Services/ModelServing/Statistics", ["Numerics", "Wire", crypto]),
    library(
        "ModelCore", "Services/ModelServing/ModelCore",
        [
            "Inference", "Statistics", "Numerics", "RuleLanguage", "RPC", "Wire", "AssayMessages",
            "Redis", "Storage", crypto, yaml,
        ]),
    program(
        "assay-models", "Services/ModelServing/assay-models",
        [
            "ModelCore", "Observability", "Redis", "RPC", "RPCServices", "RPCTransport",
            "ServiceRuntime", "Storage", "TLS", nioCore, nioPosix, arguments, logging,
        ]),
    library(
        "FeatureEngine", "Services/FeatureStore/FeatureEngine", ["Wire", "RuleLanguage", crypto]),
    library(
        "FeatureCore", "Services/FeatureStore/FeatureCore",
        ["FeatureEngine", "RPC", "Wire", "AssayMessages", "Redis", "Storage", crypto, yaml]),
    program(
        "assay-features", "Services/FeatureStore/assay-features",
        [
            "FeatureCore", "FeatureEngine", "Observability", "Redis", "RPC", "RPCServices",
            "RPCTransport", "ServiceRuntime", "Storage", "TLS", "Wire", nioPosix, arguments,
            logging,
        ]),
    program(
        "assay", "Services/CommandLine/assay",
        [
            "RPC", "RPCTransport", "AssayMessages", "Simulation", "FeatureCore", "FeatureEngine",
            "GatewayCore", "Inference", "ModelCore", "Numerics", "Redis", "RiskCore",
            "ServiceRuntime", "Statistics", "Storage", "TLS", "Wire", crypto, nioPosix, arguments,
        ]),

    // Runs the wire format for a harness in another language.
    program(
        "expression-conformance-driver", "Tests/Conformance/expressions/driver", ["RuleLanguage"]),
    program(
        "wire-conformance-driver", "Tests/Conformance/driver", ["SchemaCompiler", "Wire"],
        exclude: ["README.md"]),

    // Benchmarks: programs, never timed tests.
    .target(name: "ModelPeers", path: "Tests/Benchmarks/model-peers"),
    program(
        "inference-bench", "Tests/Benchmarks/inference-bench",
        ["Inference", "ModelPeers", "Numerics", arguments],
        exclude: ["make_models.py", "requirements.txt", "README.md"]),
    program(
        "predict-bench", "Tests/Benchmarks/predict-bench",
        ["Inference", "ModelCore", "AssayMessages", "Storage", "Wire", arguments]),
    program(
        "model-load", "Tests/Benchmarks/model-load",
        [
            "Inference", "RPC", "RPCTransport", "ServiceRuntime", "TLS", "TestSupport",
            "AssayMessages", nioCore, nioPosix, arguments,
        ]),
    program(
        "rpc-bench-server", "Tests/Benchmarks/rpc-bench-server",
        [
            "RPC", "RPCServices", "RPCTransport", "TLS", "AssayMessages", nioPosix, arguments,
        ]),
    program(
        "rpc-soak-client", "Tests/Benchmarks/rpc-soak-client",
        ["RPC", "RPCTransport", "AssayMessages", "TestSupport", nioPosix, arguments]),
    program(
        "rpc-bench-client", "Tests/Benchmarks/rpc-bench-client",
        ["RPC", "RPCTransport", "AssayMessages", "TestSupport", nioCore, nioPosix, arguments]),
    program(
        "feature-bench", "Tests/Benchmarks/feature-bench",
        [
            "FeatureCore", "FeatureEngine", "RPC", "RPCTransport", "Redis", "AssayMessages",
            "Storage", "TestSupport", "Wire", nioCore, nioPosix, arguments,
        ]),
    library(
        "ExperimentSimulation", "Tests/ExperimentSimulation", ["Statistics", "Numerics"]),
    program(
        "simulate-experiments", "Tests/Benchmarks/simulate-experiments", ["ExperimentSimulation"]),
    library(
        "AssignmentProperties", "Tests/AssignmentProperties",
        ["ModelCore", "Statistics", "AssayMessages", "Wire"]),
    program(
        "assignment-check", "Tests/Benchmarks/assignment-check",
        ["AssignmentProperties", "ModelCore", "AssayMessages", "Wire", arguments]),
    program(
        "limit-bench", "Tests/Benchmarks/limit-bench",
        ["GatewayCore", "RPC", "Redis", "TestSupport", nioCore, nioPosix, arguments]),
    program(
        "gateway-bench", "Tests/Benchmarks/gateway-bench",
        ["GatewayCore", "RPC", "CAllocationCounter", crypto, cryptoExtras, arguments]),
    program("engine-bench", "Tests/Benchmarks/engine-bench", ["FeatureEngine"]),
    program("vector-bench", "Tests/Benchmarks/vector-bench", ["FeatureCore", "FeatureEngine"]),
    program(
        "risk-bench", "Tests/Benchmarks/risk-bench",
        [
            "RiskCore", "RuleLanguage", "Simulation", "AssayMessages", "RPC", "Storage", "Wire",
            "CAllocationCounter",
        ]),

    // The interoperability cases of gRPC, and the programs of that name.
    library("InteropMessages", "Tests/Interop/Messages", ["Wire", "RPC"]),
    library(
        "InteropCases", "Tests/Interop/Cases",
        ["InteropMessages", "AssayMessages", "RPC", "RPCServices", "RPCTransport"]),
    program(
        "rpc-interop-server", "Tests/Interop/rpc-interop-server",
        ["InteropCases", "RPCTransport", "TLS", arguments]),
    program(
        "rpc-interop-client", "Tests/Interop/rpc-interop-client",
        ["InteropCases", "RPCTransport", "TLS", arguments]),

    // Client, servers and network in one seeded simulation.
    library(
        "RPCSimulator", "Tests/Simulator/Simulator",
        ["AssayMessages", "HTTP2", "RPC", "RPCTransport", nioCore]),
    program("rpc-simulate", "Tests/Simulator/rpc-simulate", ["RPCSimulator"]),

    // What the compiler writes for the golden schemas, and what must hold of it for any input: shared by
    // tests and fuzzers.
    .target(
        name: "GoldenMessages", dependencies: ["Wire", "RPC"],
        path: "Tests/SchemaCompilerTests/Golden",
        exclude: ["conformance", "everything"].flatMap { name in
            ["schemas", "proto", "bounds.txt", "canonical.txt", "fds.hex", "openapi.json"].map {
                "\(name)/\($0)"
            }
        }, swiftSettings: strict),
    library(
        "FuzzProperties", "Tests/Fuzz/Properties",
        ["GoldenMessages", "SchemaCompiler", "Wire", crypto]),
    library(
        "ModelProperties", "Tests/Fuzz/ModelProperties",
        ["FuzzProperties", "Inference", "ModelFixtures", "Numerics"]),
    library(
        "RuleProperties", "Tests/Fuzz/RuleProperties",
        ["FuzzProperties", "RiskCore", "RuleLanguage"]),
    .target(name: "CAllocationCounter", path: "Tests/Fuzz/AllocationCounter"),
    program("hostile-work", "Tests/Fuzz/hostile-work", ["FuzzProperties"]),
    program(
        "hostile-models", "Tests/Fuzz/hostile-models", ["ModelProperties", "CAllocationCounter"]),

    // A peer that sends any frames: an oracle of HTTP/2 that shares no code with the runtime.
    library("RawHTTP2", "Tests/RawHTTP2", ["TLS", nioCore, nioPosix]),

    tests("WireTests", ["Wire"]),
    tests(
        "SchemaCompilerTests",
        [
            "SchemaCompiler", "GoldenMessages", "FuzzProperties", "Wire", "RPC", "TestSupport",
            "wire-conformance-driver", crypto,
        ],
        exclude: ["Diagnostics", "Evolution", "Golden"]),
    tests("SchemacTests", ["schemac", "SchemaCompiler", "AssayMessages", "TestSupport", "Wire"]),
    .testTarget(
        name: "FuzzTests",
        dependencies: [
            "FuzzProperties", "GoldenMessages", "SchemaCompiler", "Wire", "CAllocationCounter",
            "hostile-work",
        ],
        path: "Tests/Fuzz/FuzzTests", swiftSettings: strict),
    .testTarget(
        name: "RuleFuzzTests", dependencies: ["FuzzProperties", "RuleProperties"],
        path: "Tests/Fuzz/RuleFuzzTests", swiftSettings: strict),
    tests("AssayMessagesTests", ["AssayMessages", "Wire", "RPC"]),
    tests("RPCTests", ["RPC", "Wire"]),
    tests(
        "RPCCompressionTests",
        [
            "RPC", "RPCTransport", "AssayMessages", "SchemaCompiler", "Wire", "CZlib",
            "CAllocationCounter", nioCore, nioPosix,
        ]),
    tests("HTTP2Tests", ["HTTP2"]),
    tests("TLSTests", ["TLS", "TestSupport", nioCore, nioPosix, nioEmbedded]),
    tests(
        "RPCTLSTests",
        ["RPCTransport", "RPC", "TLS", "AssayMessages", "TestSupport", "Wire", nioCore, nioPosix]),
    tests(
        "RPCTransportTests",
        [
            "RPCTransport", "RPC", "HTTP2", "TLS", "AssayMessages", "Wire", nioCore, nioPosix,
            nioEmbedded,
        ]),
    tests(
        "RPCServicesTests",
        [
            "RPCServices", "RPCTransport", "RPC", "ServiceRuntime", "TestSupport", "AssayMessages",
            "Wire", nioPosix,
        ]),
    tests(
        "RPCLifeTests",
        [
            "rpc-bench-server",
            "RPCTransport", "RPC", "HTTP2", "TLS", "AssayMessages", "TestSupport", "Wire", nioCore,
            nioPosix,
        ]),
    tests("RPCSimulationTests", ["RPCSimulator", "RPC", "RPCTransport"]),
    tests(
        "ObservabilityTests",
        [
            "Observability", "RPC", "RPCTransport", "ServiceRuntime", "AssayMessages", "HTTP2",
            "TestSupport", "Wire", logging, nioCore, nioPosix,
        ], exclude: ["collector.py"]),
    tests(
        "HTTP2ConformanceTests",
        [
            "assay-gateway", "RawHTTP2", "RPCTransport", "RPC", "TLS", "AssayMessages",
            "TestSupport", "Wire", nioPosix,
        ]),
    tests(
        "RPCProtocolTests",
        ["RawHTTP2", "RPCTransport", "RPC", "TLS", "AssayMessages", "Wire", nioCore, nioPosix]),
    tests(
        "RPCAbuseTests",
        [
            "assay-gateway", "RPCTransport", "RPC", "HTTP2", "TLS", "AssayMessages", "TestSupport",
            "Wire", "RawHTTP2", nioCore, nioPosix,
        ]),
    tests("RuleLanguageTests", ["RuleLanguage", "CAllocationCounter"]),
    tests("RedisTests", ["Redis", "TLS", "TestSupport", nioCore, nioPosix, nioEmbedded]),
    tests("StorageTests", ["Storage"]),
    tests(
        "ServiceRuntimeTests",
        [
            "ServiceRuntime", "RPC", "TLS", "TestSupport", arguments, logging, nioCore, nioPosix,
            nioEmbedded,
        ]),
    tests(
        "GatewayProcessTests",
        [
            "AssayMessages", "GatewayCore", "RPC", "RPCTransport", "TestSupport", "TLS", "Wire",
            nioCore, nioPosix,
        ], exclude: ["limits.py", "Rolling/foreign_load.py"]),
    tests(
        "GatewayCoreTests",
        [
            "GatewayCore", "RPC", "RPCTransport", "RawHTTP2", "AssayMessages", "Redis",
            "TestSupport", nioCore, nioPosix,
        ], exclude: ["Limits/burst.py"]),
    tests(
        "GatewayIdentityTests",
        [
            "gateway-bench", "assay-gateway", "AssayMessages", "GatewayCore", "RPC",
            "ServiceRuntime", "TLS", "TestSupport", crypto, cryptoExtras, nioPosix,
        ], exclude: ["calls.py", "issuer.py"]),
    tests(
        "RiskCoreTests",
        [
            "RiskCore", "AssayMessages", "RPC", "RPCTransport", "Storage", "Wire", "RuleLanguage",
            "SchemaCompiler", "Simulation",
        ],
        exclude: ["Fixtures"]),
    tests("SimulationTests", ["Simulation", "AssayMessages", "Wire"]),
    tests("CommandLineTests", ["assay", "AssayMessages"]),
    .target(
        name: "ModelFixtures", dependencies: [], path: "Tests/ModelFixtures",
        exclude: ["Fixtures"], swiftSettings: strict),
    tests("NumericsTests", ["Numerics"]),
    tests(
        "StatisticsTests", ["Statistics", "ExperimentSimulation", "Numerics"],
        exclude: ["Fixtures"]),
    library("RandomModels", "Tests/RandomModels", ["Inference", "Numerics"]),
    tests(
        "InferenceTests",
        ["Inference", "ModelFixtures", "RandomModels", "Numerics", "CAllocationCounter"]),
    tests(
        "ModelFormatTests",
        [
            "Inference", "ModelFixtures", "ModelProperties", "FuzzProperties", "Numerics",
            "CAllocationCounter",
        ]),
    tests("ExplanationTests", ["Inference", "ModelFixtures", "RandomModels", "Numerics"]),
    tests(
        "ExperimentTests",
        [
            "ModelCore", "AssignmentProperties", "Statistics", "Numerics", "AssayMessages", "RPC",
            "Storage", "Wire",
        ]),
    tests(
        "ModelCoreTests",
        [
            "ModelCore", "Inference", "AssayMessages", "RPC", "Redis", "Storage", "TestSupport",
            "Wire", crypto, nioPosix,
        ]),
    tests("ModelServingTests", ["ModelCore", "Inference", "AssayMessages", "RPC"]),
    tests(
        "OpenInferenceTests",
        ["ModelCore", "AssayMessages", "RPC", "RPCTransport", "Storage", "TestSupport", "Wire"],
        exclude: ["infer_client.py"]),
    tests("FeatureEngineTests", ["FeatureEngine", "RuleLanguage", "Wire"]),
    tests(
        "FeatureCoreTests",
        [
            "FeatureCore", "FeatureEngine", "AssayMessages", "RPC", "RPCTransport", "Storage",
            "Wire", crypto,
        ], exclude: ["Fixtures"]),
    tests(
        "FeatureSharedTests",
        [
            "assay-features", "FeatureCore", "FeatureEngine", "AssayMessages", "RPC",
            "RPCTransport", "Redis", "Storage", "TestSupport", "Wire", nioCore, nioPosix,
        ]),
    tests(
        "CatalogueTests", ["FeatureCore", "FeatureEngine", "AssayMessages", "Wire"],
        exclude: ["catalogue.tsv", "Scenario"]),
    tests(
        "EndToEnd",
        ["AssayMessages", "RPC", "RPCTransport", "TestSupport", "TLS", "Wire", nioPosix],
        exclude: ["openapi.py"]),
    .testTarget(
        name: "InteropTests",
        dependencies: [
            "InteropCases", "AssayMessages", "RPC", "RPCTransport", "TLS", "TestSupport",
        ],
        path: "Tests/Interop/InteropTests", swiftSettings: strict),
    tests("StructureTests", []),
    .testTarget(
        name: "DeploymentTests", dependencies: ["TestSupport"], path: "Tests/Deployment",
        exclude: ["start.py", "validate.py", "validate.sh"], swiftSettings: strict),
]

let package = Package(
    name: "assay",
    platforms: [.macOS(.v26)],
    // For the benchmark packages in Tests/Benchmarks.
    products: [.library(name: "Wire", targets: ["Wire"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
    ],
    targets: targets
)

// The programs of `make fuzz`, for builds with `--sanitize=fuzzer` alone: libFuzzer brings their `main`.
if Context.environment["ASSAY_FUZZ"] != nil {
    package.targets += ["strict", "tolerant", "json", "compiler", "formatter", "sealed"].map {
        name in
        .executableTarget(
            name: "fuzz-\(name)", dependencies: ["FuzzProperties"],
            path: "Tests/Fuzz/Targets/\(name)",
            swiftSettings: strict + [.unsafeFlags(["-parse-as-library"])])
    }
    package.targets += ["xgboost-json", "xgboost-ubjson", "lightgbm", "catboost", "own"].map {
        name in
        .executableTarget(
            name: "fuzz-model-\(name)", dependencies: ["FuzzProperties", "ModelProperties"],
            path: "Tests/Fuzz/Targets/model-\(name)",
            swiftSettings: strict + [.unsafeFlags(["-parse-as-library"])])
    }
    package.targets += ["language", "packs"].map { name in
        .executableTarget(
            name: "fuzz-rule-\(name)", dependencies: ["FuzzProperties", "RuleProperties"],
            path: "Tests/Fuzz/Targets/rule-\(name)",
            swiftSettings: strict + [.unsafeFlags(["-parse-as-library"])])
    }
}

// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that SwiftProtobuf, the peer, is no dependency of Assay.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
]

let package = Package(
    name: "codec-bench",
    platforms: [.macOS(.v26)],
    dependencies: [
        .package(name: "assay", path: "../../.."),
        .package(url: "https://github.com/apple/swift-protobuf", exact: "1.39.0"),
    ],
    targets: [
        // Both generated from Schemas: by schemac, and by protoc-gen-swift from schemac's .proto.
        .target(
            name: "Messages", dependencies: [.product(name: "Wire", package: "assay")],
            path: "Messages", swiftSettings: settings),
        .target(
            name: "Peer",
            dependencies: [.product(name: "SwiftProtobuf", package: "swift-protobuf")],
            path: "Peer", swiftSettings: [.swiftLanguageMode(.v6)]),
        .target(name: "AllocationCounter", path: "AllocationCounter"),
        .executableTarget(
            name: "codec-bench",
            dependencies: [
                "Messages", "Peer", "AllocationCounter",
                .product(name: "Wire", package: "assay"),
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ],
            path: "codec-bench", swiftSettings: settings),
    ]
)

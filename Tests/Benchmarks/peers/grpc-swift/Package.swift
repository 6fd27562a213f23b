// swift-tools-version: 6.2
import PackageDescription

// The peer of rpc-bench-server on grpc-swift 2. A package of its own, so that what it depends on
// stays out of Assay.
let package = Package(
    name: "grpc-swift-peer",
    platforms: [.macOS(.v26)],
    dependencies: [
        .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.0"),
        .package(url: "https://github.com/grpc/grpc-swift-nio-transport", from: "2.9.0"),
    ],
    targets: [
        .executableTarget(
            name: "grpc-swift-peer",
            dependencies: [
                .product(name: "GRPCCore", package: "grpc-swift-2"),
                .product(
                    name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport"),
            ], path: "Sources")
    ]
)

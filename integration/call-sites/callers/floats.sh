# A version that somebody wrote as a number keeps what was after the point.
echo "blender-$(jetpack config blender.version)"
build=$(jetpack config nvidia.cuda.build 2> /dev/null)
echo "cuda-${build%.*} ($build)"

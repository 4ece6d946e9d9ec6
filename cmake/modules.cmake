# gauntlet-cuda.so and gauntlet-emu.so: the same kernels/cuda/*.cu, one exported symbol each.
#
# GNT_CUDA       auto (where nvcc is), on, off
# GNT_CUDA_ARCH  list of architectures with real code; the newest also brings PTX for later chips
# GNT_CUDA_PTX   list of architectures with PTX only, e.g. 75;86 for tools that load the module elsewhere
# GNT_CUDA_RUNTIME  static, or shared for simulators and sanitizers that bring their own cudart
set(GNT_CUDA auto CACHE STRING "build the CUDA module: auto, on or off")
set(GNT_CUDA_ARCH "80;90;100" CACHE STRING "architectures with real code")
set(GNT_CUDA_PTX "" CACHE STRING "architectures with PTX only")
set(GNT_CUDA_RUNTIME static CACHE STRING "cudart: static or shared")
set_property(CACHE GNT_CUDA PROPERTY STRINGS auto on off)
set_property(CACHE GNT_CUDA_RUNTIME PROPERTY STRINGS static shared)

file(GLOB CUDA_SOURCES CONFIGURE_DEPENDS kernels/cuda/*.cu)
set(MODULE_C_SOURCES kernels/net.c kernels/layout.c) # C that the backend shares with the CPU's

# A module beside the program, nothing of it visible but its entry.
function(gnt_module name)
  set_target_properties(${name} PROPERTIES PREFIX "" POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden
    CXX_VISIBILITY_PRESET hidden CUDA_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
  target_link_libraries(${name} PRIVATE Threads::Threads ${CMAKE_DL_LIBS} m)
  target_link_options(${name} PRIVATE -Wl,--no-undefined "-Wl,--version-script=${PROJECT_SOURCE_DIR}/cmake/module.map")
  install(TARGETS ${name} LIBRARY DESTINATION lib/gauntlet)
endfunction()

# ---- nvcc ------------------------------------------------------------------------------------------------
if(NOT GNT_CUDA STREQUAL "off" AND NOT GNT_SANITIZE AND NOT GNT_FUZZ)
  include(CheckLanguage)
  set(CMAKE_CUDA_ARCHITECTURES off) # named by option below
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER)
    enable_language(CUDA)
  elseif(GNT_CUDA STREQUAL "on")
    message(FATAL_ERROR "GNT_CUDA=on, but there is no nvcc: install the CUDA toolkit or put it on PATH")
  else()
    message(STATUS "no nvcc: gauntlet-cuda.so is left out, everything else is built")
  endif()
endif()
if(CMAKE_CUDA_COMPILER_VERSION)
  set(codes "")
  foreach(arch ${GNT_CUDA_ARCH})
    list(APPEND codes "-gencode=arch=compute_${arch},code=sm_${arch}")
    set(newest ${arch})
  endforeach()
  foreach(arch ${newest} ${GNT_CUDA_PTX})
    list(APPEND codes "-gencode=arch=compute_${arch},code=compute_${arch}")
  endforeach()
  add_library(gauntlet-cuda MODULE ${CUDA_SOURCES} ${MODULE_C_SOURCES})
  target_compile_options(gauntlet-cuda PRIVATE "$<$<COMPILE_LANGUAGE:CUDA>:${codes};--fmad=false;-O3;-Xcompiler=-ffp-contract=off,-Wall,-Wextra,-Wno-unused-function>")
  if(GNT_CUDA_RUNTIME STREQUAL "shared")
    set_target_properties(gauntlet-cuda PROPERTIES CUDA_RUNTIME_LIBRARY Shared)
  else()
    set_target_properties(gauntlet-cuda PROPERTIES CUDA_RUNTIME_LIBRARY Static)
  endif()
  # what the assembler says of registers and spills stays beside each object, for tests/kernels
  set(launcher sh ${PROJECT_SOURCE_DIR}/cmake/ptxas.sh ${CMAKE_CUDA_COMPILER_LAUNCHER})
  set_target_properties(gauntlet-cuda PROPERTIES CUDA_COMPILER_LAUNCHER "${launcher}")
  gnt_module(gauntlet-cuda)
endif()

# ---- g++ ----------------------------------------------------------------------------------------------------
file(GLOB EMU_SOURCES CONFIGURE_DEPENDS kernels/emu/*.cpp)
if(EMU_SOURCES AND NOT GNT_SANITIZE MATCHES "thread") # fibers are no threads
  set(EMU_FLAGS -O2 -Wno-unused-function -Wno-unknown-pragmas)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    list(APPEND EMU_FLAGS -mfma) # a call for every fused operation is some ten times slower
  endif()
  add_library(gauntlet_emu_runtime STATIC ${EMU_SOURCES})
  set_target_properties(gauntlet_emu_runtime PROPERTIES POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden)
  target_compile_options(gauntlet_emu_runtime PRIVATE ${EMU_FLAGS})
  target_compile_definitions(gauntlet_emu_runtime PUBLIC GNT_EMU)
  target_include_directories(gauntlet_emu_runtime BEFORE PUBLIC ${PROJECT_SOURCE_DIR}/kernels/emu/include)
  set(wrapped "")
  foreach(source ${CUDA_SOURCES}) # a .cu has one language a folder in CMake: g++ gets it by a file that includes it
    get_filename_component(name ${source} NAME_WE)
    file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/generated/emu/${name}.cpp CONTENT "#include \"kernels/cuda/${name}.cu\"\n")
    list(APPEND wrapped ${PROJECT_BINARY_DIR}/generated/emu/${name}.cpp)
  endforeach()
  add_library(gauntlet-emu MODULE ${wrapped} ${MODULE_C_SOURCES})
  target_compile_options(gauntlet-emu PRIVATE "$<$<COMPILE_LANGUAGE:CXX>:${EMU_FLAGS}>")
  target_link_libraries(gauntlet-emu PRIVATE gauntlet_emu_runtime)
  gnt_module(gauntlet-emu)
endif()

# Puts the page together: index.html with style, uPlot (and its licence) and the modules in it, one text that needs nothing else.
#
# A module is a file of host/page with import and export lines, which browsers and node take as they are; here each becomes a function that is
# called at once and returns what it exports, so that names of one module are none of another's. Modules stand after those they import.
set(PAGE_MODULES ui colours axes view link store charts heat bar trends radial peaks grid machine contrast marks frame hits ledger tuning keys main)

function(page_module name out)
  file(READ ${CMAKE_CURRENT_SOURCE_DIR}/page/${name}.js text)
  string(REGEX MATCHALL "\nexport (async )?(function|const) [A-Za-z0-9_]+" names "${text}")
  list(TRANSFORM names REPLACE ".* " "")
  list(JOIN names ", " names)
  string(REGEX REPLACE "\nimport ({[^}]*}) from \"\\./([a-z_]+)\\.js\";" "\nconst \\1 = \\2_module;" text "${text}")
  string(REGEX REPLACE "\nexport " "\n" text "${text}")
  set(${out} "const ${name}_module = (() => {\n${text}return {${names}};\n})();\n" PARENT_SCOPE)
endfunction()

# Writes the whole page to the file.
function(page_bundle file)
  set(folder ${CMAKE_CURRENT_SOURCE_DIR}/page)
  file(GLOB parts CONFIGURE_DEPENDS ${folder}/*.js ${folder}/*.css ${folder}/*.html ${folder}/vendor/*)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${parts})
  foreach(name ${PAGE_MODULES})
    page_module(${name} module)
    string(APPEND modules "${module}")
  endforeach()
  file(READ ${folder}/style.css style)
  file(READ ${folder}/vendor/uPlot.min.css plot_style)
  file(READ ${folder}/vendor/uPlot.iife.min.js plot)
  file(READ ${folder}/vendor/LICENSE licence)
  string(REGEX MATCH "\\(v([0-9.]+)\\)" version "${plot}")
  set(version "${CMAKE_MATCH_1}")
  string(REGEX REPLACE "^/\\*[^\n]*\\*/\n" "" plot "${plot}") # it has an address, and the page has none
  file(READ ${folder}/index.html page)
  string(REPLACE "@STYLE@" "${plot_style}\n${style}" page "${page}")
  string(REPLACE "@UPLOT_VERSION@" "${version}" page "${page}")
  string(REPLACE "@UPLOT_LICENCE@" "${licence}" page "${page}")
  string(REPLACE "@UPLOT@" "${plot}" page "${page}")
  string(REPLACE "@MODULES@" "\"use strict\";\n${modules}" page "${page}")
  file(CONFIGURE OUTPUT ${file} CONTENT "${page}" @ONLY)
endfunction()
